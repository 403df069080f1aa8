#include "linnet/base/memory.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>

#include "tests/sanitized.h"

namespace linnet {
namespace {

TEST(Memory, IsSomeAndNoMoreThanTheMachineHas) {
  const auto pages = static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)),
             size = static_cast<std::uint64_t>(sysconf(_SC_PAGE_SIZE));
  EXPECT_GT(available_memory(), std::uint64_t{1} << 20);
  EXPECT_LE(available_memory(), pages * size);
}

TEST(Memory, UlimitCounts) {
  if (test::kSanitized) GTEST_SKIP() << "a sanitizer's shadow memory needs all addresses";
  const pid_t child = fork();
  if (child == 0) {
    const rlimit all{std::uint64_t{1} << 40, RLIM_INFINITY};
    setrlimit(RLIMIT_AS, &all);
    const std::uint64_t before = available_memory();
    const rlimit nothing{std::uint64_t{1} << 20, RLIM_INFINITY};  // the process has more than that already
    setrlimit(RLIMIT_AS, &nothing);
    _exit(before > 0 && available_memory() == 0 ? 0 : 1);
  }
  int status = 1;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace linnet
