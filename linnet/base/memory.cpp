#include "linnet/base/memory.h"

#include <malloc.h>
#include <sys/resource.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <optional>
#include <sstream>
#include <string>

namespace linnet {
namespace {

constexpr std::uint64_t kUnlimited = std::numeric_limits<std::uint64_t>::max();

// The number after `name` at the start of a line.
std::optional<std::uint64_t> entry(const char* file, const std::string& name) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);)
    if (line.starts_with(name)) {
      std::istringstream rest(line.substr(name.size()));
      std::uint64_t value = 0;
      if (rest >> value) return value;
    }
  return std::nullopt;
}

std::optional<std::uint64_t> number_in(const char* file) {
  std::ifstream in(file);
  std::uint64_t value = 0;
  if (in >> value) return value;
  return std::nullopt;  // missing, or "max"
}

std::uint64_t left(std::uint64_t limit, std::uint64_t used) { return limit > used ? limit - used : 0; }

// Limit and usage of a control group; idle page cache counts as free.
struct Group {
  const char *limit, *used, *statistics, *idle;
};
constexpr Group kGroups[] = {
    {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current", "/sys/fs/cgroup/memory.stat", "inactive_file "},
    {"/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes",
     "/sys/fs/cgroup/memory/memory.stat", "total_inactive_file "}};

}  // namespace

std::uint64_t available_memory() {
  const auto kilobytes = entry("/proc/meminfo", "MemAvailable:");
  std::uint64_t least = kilobytes ? *kilobytes * 1024 : kUnlimited;
  for (const Group& group : kGroups) {
    const auto most = number_in(group.limit), now = number_in(group.used);
    if (most && now) least = std::min(least, left(*most, left(*now, entry(group.statistics, group.idle).value_or(0))));
  }
  rlimit address_space{};
  if (getrlimit(RLIMIT_AS, &address_space) == 0 && address_space.rlim_cur != RLIM_INFINITY)
    least = std::min(least, left(address_space.rlim_cur, entry("/proc/self/status", "VmSize:").value_or(0) * 1024));
  return least;
}

bool reset_peak_memory() {
#ifdef __GLIBC__
  malloc_trim(0);  // freed memory of earlier work
#endif
  std::ofstream out("/proc/self/clear_refs");
  out << "5" << std::flush;
  return out.good();
}

std::uint64_t peak_memory() { return entry("/proc/self/status", "VmHWM:").value_or(0) * 1024; }

}  // namespace linnet
