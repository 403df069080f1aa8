#include "linnet/data/sampler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "linnet/base/error.h"
#include "linnet/base/rng.h"

namespace linnet {
namespace {

using Batches = std::vector<std::vector<std::int64_t>>;

std::vector<std::int64_t> lengths(std::size_t count) {
  Rng rng(7);
  std::vector<std::int64_t> made(count);
  for (auto& length : made) length = 1 + static_cast<std::int64_t>(rng.below(500));
  return made;
}

Batches epoch(Sampler& sampler) {
  Batches all;
  for (std::vector<std::int64_t> rows; sampler.next(rows);) all.push_back(rows);
  return all;
}

std::vector<std::int64_t> flat(const Batches& batches) {
  std::vector<std::int64_t> rows;
  for (const auto& batch : batches) rows.insert(rows.end(), batch.begin(), batch.end());
  return rows;
}

TEST(Sampler, EveryRowOnceAnEpoch) {
  for (const SampleOrder order : {SampleOrder::kBuckets, SampleOrder::kShuffled, SampleOrder::kFile}) {
    Sampler sampler(lengths(1001), {.batch_rows = 32, .order = order, .bucket_batches = 4});
    auto rows = flat(epoch(sampler));
    std::sort(rows.begin(), rows.end());
    std::vector<std::int64_t> all(1001);
    std::iota(all.begin(), all.end(), 0);
    EXPECT_EQ(rows, all);
    EXPECT_EQ(sampler.batches(), 32);
  }
}

TEST(Sampler, EpochsAndSeedsDiffer) {
  Sampler a(lengths(200), {.seed = 1}), b(lengths(200), {.seed = 2});
  const Batches first = epoch(a);
  EXPECT_NE(first, epoch(b));
  a.start_epoch(1);
  EXPECT_NE(first, epoch(a));
  a.start_epoch(0);
  EXPECT_EQ(first, epoch(a));
}

TEST(Sampler, ResumesWhereItStood) {
  const SamplerOptions options{.batch_rows = 8, .seed = 3};
  Sampler whole(lengths(500), options);
  for (std::int64_t e = 0; e < 3; ++e) {
    whole.start_epoch(e);
    const Batches all = epoch(whole);
    for (const std::int64_t at : {std::int64_t{0}, std::int64_t{1}, std::int64_t{17}, whole.batches()}) {
      Sampler resumed(lengths(500), options);
      resumed.seek({e, at});
      EXPECT_EQ(epoch(resumed), Batches(all.begin() + at, all.end()));
      EXPECT_EQ(resumed.state().position, whole.batches());
    }
  }
  Sampler changed(lengths(100), options);
  EXPECT_THROW(changed.seek({0, 60}), Error);
}

TEST(Sampler, BucketsHoldRowsOfLikeLength) {
  const auto all = lengths(3200);
  const auto waste = [&](SampleOrder order) {  // padding that would be added
    Sampler sampler(all, {.batch_rows = 32, .order = order});
    std::int64_t padded = 0;
    for (const auto& batch : epoch(sampler)) {
      std::int64_t longest = 0;
      for (const auto row : batch) longest = std::max(longest, all[static_cast<std::size_t>(row)]);
      padded += longest * static_cast<std::int64_t>(batch.size());
    }
    return static_cast<double>(padded) / static_cast<double>(std::accumulate(all.begin(), all.end(), std::int64_t{0}));
  };
  EXPECT_LT(waste(SampleOrder::kBuckets), 1.05);
  EXPECT_GT(waste(SampleOrder::kShuffled), 1.7);
}

TEST(Sampler, TokenBudgetHolds) {
  const auto all = lengths(500);
  Sampler sampler(all, {.batch_rows = 64, .batch_tokens = 400});
  bool alone = false;
  for (const auto& batch : epoch(sampler)) {
    std::int64_t tokens = 0;
    for (const auto row : batch) tokens += all[static_cast<std::size_t>(row)];
    EXPECT_TRUE(tokens <= 400 || batch.size() == 1);
    alone = alone || tokens > 400;
  }
  EXPECT_TRUE(alone);
}

TEST(Sampler, TheLastBatchCanBeDropped) {
  Sampler keep(lengths(70), {.batch_rows = 32}), drop(lengths(70), {.batch_rows = 32, .last = LastBatch::kDrop});
  EXPECT_EQ(keep.batches(), 3);
  EXPECT_EQ(drop.batches(), 2);
  Sampler exact(lengths(64), {.batch_rows = 32, .last = LastBatch::kDrop});
  EXPECT_EQ(exact.batches(), 2);
}

TEST(Sampler, FileOrderIsConsecutive) {
  Sampler sampler(lengths(10), {.batch_rows = 4, .order = SampleOrder::kFile});
  EXPECT_EQ(epoch(sampler), (Batches{{0, 1, 2, 3}, {4, 5, 6, 7}, {8, 9}}));
  sampler.start_epoch(5);
  EXPECT_EQ(epoch(sampler).front().front(), 0);
}

TEST(Sampler, NoRowsAreNoBatches) {
  Sampler sampler({}, {});
  std::vector<std::int64_t> rows;
  EXPECT_FALSE(sampler.next(rows));
  EXPECT_THROW(Sampler({1}, {.batch_rows = 0}), Error);
}

TEST(SplitTokens, PartsAreWholeRowsInOrder) {
  const std::vector<std::int64_t> lengths{5, 3, 9, 1, 1, 4}, rows{5, 0, 1, 2, 3, 4};
  const auto sizes = [&](std::int64_t most) {
    std::vector<std::size_t> found;
    std::vector<std::int64_t> joined;
    for (const auto part : split_tokens(rows, lengths, most)) {
      found.push_back(part.size());
      joined.insert(joined.end(), part.begin(), part.end());
    }
    EXPECT_EQ(joined, rows);
    return found;
  };
  EXPECT_EQ(sizes(100), (std::vector<std::size_t>{6}));
  EXPECT_EQ(sizes(9), (std::vector<std::size_t>{2, 1, 1, 2}));
  EXPECT_EQ(sizes(1), (std::vector<std::size_t>{1, 1, 1, 1, 1, 1}));
  EXPECT_TRUE(split_tokens({}, lengths, 5).empty());
}

}  // namespace
}  // namespace linnet
