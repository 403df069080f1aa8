// How much memory this process may still take.
#pragma once

#include <cstdint>

namespace linnet {

// The least of what the system has free, what the cgroup leaves, and what `ulimit -v` leaves.
std::uint64_t available_memory();

}  // namespace linnet
