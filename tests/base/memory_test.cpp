#include "linnet/base/memory.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <vector>

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

TEST(Memory, ThePeakIsThatOfWorkSinceTheReset) {
  constexpr std::size_t kBytes = std::size_t{64} << 20;
  const auto touch = [] {
    std::vector<char> memory(kBytes, 1);
    return memory[kBytes / 2];
  };
  EXPECT_EQ(touch(), 1);
  const bool reset = reset_peak_memory();  // not where /proc/self/clear_refs cannot be written
  const std::uint64_t before = peak_memory();
  EXPECT_GT(before, 0U);
  EXPECT_EQ(touch(), 1);
  EXPECT_TRUE(!reset || peak_memory() >= before + kBytes / 2);
}

}  // namespace
}  // namespace linnet
