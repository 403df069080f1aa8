// Memory that this process may still allocate.
#pragma once

#include <cstdint>

namespace linnet {

// The smallest of: free memory of the system, rest of the cgroup's limit, rest of `ulimit -v`.
std::uint64_t available_memory();

}  // namespace linnet
