// How much memory this process may still take.
#pragma once

#include <cstdint>

namespace linnet {

// The least of what the system has free, what the cgroup leaves, and what `ulimit -v` leaves.
std::uint64_t available_memory();

// std::bad_alloc where `ulimit -v` leaves less than `bytes`; asked before calling a library that goes on with a mapping
// it did not get. Without such a limit nothing is asked.
void require_address_space(std::uint64_t bytes);

}  // namespace linnet
