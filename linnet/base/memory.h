// Memory that this process may still allocate, and that it used.
#pragma once

#include <cstdint>

namespace linnet {

// The smallest of: free memory of the system, rest of the cgroup's limit, rest of `ulimit -v`.
std::uint64_t available_memory();

// Forgets the peak of this process's memory, so that peak_memory() is that of later work; false if the system cannot.
bool reset_peak_memory();
// Most memory that was resident since the last reset, mapped files included; 0 if unknown.
std::uint64_t peak_memory();

}  // namespace linnet
