#include "linnet/base/memory.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>

namespace linnet {
namespace {

TEST(AvailableMemory, IsSomeOfWhatTheMachineHas) {
  const auto physical =
      static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  EXPECT_GT(available_memory(), std::uint64_t{1} << 20);
  EXPECT_LT(available_memory(), physical);
}

TEST(AvailableMemory, FollowsTheLimitOfTheAddressSpace) {
  constexpr std::uint64_t kRoom = std::uint64_t{64} << 20;
  std::uint64_t used = 0, unit = 0;
  std::ifstream("/proc/self/statm") >> used;
  unit = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_AS, &before), 0);
  rlimit low = before;
  low.rlim_cur = used * unit + kRoom;
  ASSERT_EQ(setrlimit(RLIMIT_AS, &low), 0);
  const std::uint64_t limited = available_memory();
  ASSERT_EQ(setrlimit(RLIMIT_AS, &before), 0);
  EXPECT_LE(limited, kRoom);
  EXPECT_GT(limited, kRoom / 2);
}

}  // namespace
}  // namespace linnet
