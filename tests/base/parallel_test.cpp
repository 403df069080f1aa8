#include "linnet/base/parallel.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <new>
#include <set>
#include <thread>
#include <vector>

namespace linnet {
namespace {

// Restores the number of threads.
class Threads {
 public:
  explicit Threads(int count) : before_(threads()) { set_threads(count); }
  ~Threads() { set_threads(before_); }

 private:
  int before_;
};

using Ranges = std::set<std::pair<std::int64_t, std::int64_t>>;
Ranges split(std::int64_t n, std::int64_t grain) {
  std::mutex mutex;
  Ranges ranges;
  parallel_for(n, grain, [&](std::int64_t begin, std::int64_t end) {
    const std::lock_guard lock(mutex);
    EXPECT_TRUE(ranges.emplace(begin, end).second);
  });
  return ranges;
}

TEST(ParallelPieces, CoverEveryIndexOnceWhoeverIsSlow) {
  for (const int count : {1, 2, 3, 7}) {
    const Threads t(count);
    for (const std::int64_t n : {0, 1, 5, 100, 1001})
      for (const std::int64_t piece : {1, 3, 5000}) {
        std::vector<std::atomic<int>> seen(static_cast<std::size_t>(n));
        parallel_pieces(n, piece, [&](std::int64_t begin, std::int64_t end) {
          if (begin == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));  // others take its part
          for (; begin < end; ++begin) ++seen[static_cast<std::size_t>(begin)];
        });
        for (const auto& times : seen) EXPECT_EQ(times, 1) << n << " in pieces of " << piece;
      }
  }
}

TEST(ParallelFor, CoversEveryIndexOnce) {
  for (const int count : {1, 2, 3, 7}) {
    const Threads t(count);
    for (const std::int64_t n : {0, 1, 2, 5, 100, 1001})
      for (const std::int64_t grain : {0, 1, 10, 5000}) {
        std::int64_t at = 0;
        for (const auto& [begin, end] : split(n, grain)) {
          EXPECT_EQ(begin, at);
          EXPECT_GT(end, begin);
          at = end;
        }
        EXPECT_EQ(at, n) << count << ' ' << n << ' ' << grain;
      }
  }
}

TEST(ParallelFor, TheSplitDependsOnSizesAndThreadsOnly) {
  const Threads t(3);
  EXPECT_EQ(split(100, 1), (Ranges{{0, 33}, {33, 66}, {66, 100}}));
  EXPECT_EQ(split(100, 60), (Ranges{{0, 50}, {50, 100}}));
  EXPECT_EQ(split(100, 100), (Ranges{{0, 100}}));
  for (int i = 0; i < 20; ++i) EXPECT_EQ(split(1001, 7), split(1001, 7));
}

TEST(ParallelFor, NestedCallsRunInline) {
  const Threads t(4);
  std::atomic<int> inner = 0;
  parallel_for(4, 1,
               [&](std::int64_t, std::int64_t) { parallel_for(100, 1, [&](std::int64_t, std::int64_t) { ++inner; }); });
  EXPECT_EQ(inner, 4);
}

TEST(ParallelRegion, EveryThreadComesOnceAndKnowsTheTeam) {
  const Threads t(3);
  std::mutex mutex;
  std::set<int> seen;
  parallel_region([&](int thread, int count) {
    const std::lock_guard lock(mutex);
    EXPECT_EQ(count, 3);
    EXPECT_TRUE(seen.insert(thread).second);
  });
  EXPECT_EQ(seen, (std::set<int>{0, 1, 2}));
  std::atomic<int> nested = 0;
  parallel_region(
      [&](int, int) { parallel_region([&](int thread, int count) { nested += count == 1 && thread == 0; }); });
  EXPECT_EQ(nested, 3);
}

TEST(Threads, AreThePhysicalCoresUnlessSet) {
  EXPECT_GE(default_threads(), 1);
  const Threads t(5);
  EXPECT_EQ(threads(), 5);
  set_threads(0);
  EXPECT_EQ(threads(), default_threads());
}

TEST(ParallelRegion, EveryThreadIsGreetedOnceByEachHook) {
  static std::atomic<int> first = 0, second = 0;
  const Threads three(3);
  on_thread_start([] { ++first; });
  for (int i = 0; i < 3; ++i) parallel_region([](int, int) {});
#ifndef __SANITIZE_THREAD__
  EXPECT_EQ(first, 3);  // under ThreadSanitizer a region's threads are new
#endif
  on_thread_start([] { ++second; });
  parallel_region([](int, int) {});
  on_thread_start(nullptr);
  parallel_region([](int, int) {});
  EXPECT_EQ(second, 3);
}

TEST(ParallelRegion, WhatABodyThrowsComesOut) {
  for (const int count : {1, 2, 4}) {
    const Threads here(count);
    std::atomic<int> ended{0};
    EXPECT_THROW(parallel_region([&](int thread, int of) {
                   if (thread == of - 1) throw std::bad_alloc();
                   ++ended;
                 }),
                 std::bad_alloc);
    EXPECT_EQ(ended, count - 1);
    std::atomic<std::int64_t> sum{0};  // no thread is left inside
    parallel_for(100, 1, [&](std::int64_t begin, std::int64_t end) { sum += end - begin; });
    EXPECT_EQ(sum, 100);
  }
}

}  // namespace
}  // namespace linnet
