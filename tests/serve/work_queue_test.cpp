#include "linnet/serve/work_queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>

namespace linnet::serve {
namespace {

TEST(Work, RunsOnItsThreadsAndEndsWithTheQueue) {
  std::atomic<int> done = 0;
  std::latch all(100);
  WorkQueue queue(2);
  for (int i = 0; i < 100; ++i)
    queue.post([&] {
      ++done;
      all.count_down();
    });
  all.wait();
  EXPECT_EQ(done, 100);
}

}  // namespace
}  // namespace linnet::serve
