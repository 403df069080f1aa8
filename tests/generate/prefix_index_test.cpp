#include "linnet/generate/prefix_index.h"

#include <gtest/gtest.h>

#include "tests/nn/small.h"

namespace linnet::generate {
namespace {

using Ids = std::vector<std::int32_t>;

Ids text(std::size_t count, std::int32_t first = 0) {
  Ids ids(count, 1);
  ids[0] = first;
  return ids;
}

class Prefixes : public ::testing::Test {
 protected:
  nn::KvCache::Sequence sequence(std::int64_t length) {
    nn::KvCache::Sequence s;
    cache_.reserve(s, length);
    cache_.advance(s, length);
    return s;
  }
  nn::KvCache cache_{nn::small_config(), DType::kF32};
  PrefixIndex index_;
};

TEST_F(Prefixes, FindsWhatATextBeginsWithTokenByToken) {
  const auto s = sequence(150);
  index_.add(nullptr, text(150), s);
  for (const std::size_t length : {1, 63, 64, 65, 127, 128, 149, 150})
    EXPECT_EQ(index_.find(nullptr, text(length), cache_).length(), static_cast<std::int64_t>(length));
  EXPECT_EQ(index_.find(nullptr, text(200), cache_).length(), 150);
  EXPECT_EQ(index_.find(nullptr, text(128), cache_).blocks()[1], s.blocks()[1]);
  EXPECT_EQ(index_.find(nullptr, text(150, 7), cache_).length(), 0);
  Ids other = text(150);
  other[100] = 9;
  EXPECT_EQ(index_.find(nullptr, other, cache_).length(), 100);
}

TEST_F(Prefixes, OfSeveralBlocksTheOneThatBeginsWithMostIsTaken) {
  Ids a = text(64), b = text(64), c = text(30);
  a[20] = 5, b[40] = 6;
  index_.add(nullptr, a, sequence(64));
  index_.add(nullptr, b, sequence(64));
  index_.add(nullptr, c, sequence(30));  // b contains all of it: nothing is stored for it
  EXPECT_EQ(cache_.used_blocks(), 2U);
  EXPECT_EQ(index_.find(nullptr, text(64), cache_).length(), 40);
  Ids d = text(64);
  d[20] = 5, d[50] = 8;
  EXPECT_EQ(index_.find(nullptr, d, cache_).length(), 50);
  index_.add(nullptr, text(70), sequence(70));  // continues in its own block
  EXPECT_EQ(index_.find(nullptr, text(70), cache_).length(), 70);
}

TEST_F(Prefixes, ABlockThatGoesOnTakesThePlaceOfItsBeginning) {
  index_.add(nullptr, text(30), sequence(30));
  index_.add(nullptr, text(64), sequence(64));
  EXPECT_EQ(cache_.used_blocks(), 1U);
  EXPECT_EQ(index_.find(nullptr, text(64), cache_).length(), 64);
}

// The added text continues in a copy.
TEST_F(Prefixes, WhatWasAddedStaysAsItWas) {
  auto s = sequence(10);
  index_.add(nullptr, text(10), s);
  cache_.reserve(s, 5);
  EXPECT_NE(s.blocks()[0], index_.find(nullptr, text(10), cache_).blocks()[0]);
}

TEST_F(Prefixes, GivesUpWhatWasUsedLongestAgoFromTheEndAndOnlyWhatIsFree) {
  auto a = sequence(128), b = sequence(64);
  index_.add(nullptr, text(128, 1), a);
  index_.add(nullptr, text(64, 2), b);
  EXPECT_FALSE(index_.evict());  // the sequences own them
  a = {}, b = {};
  EXPECT_EQ(cache_.used_blocks(), 3U);
  EXPECT_EQ(index_.find(nullptr, text(128, 1), cache_).length(), 128);  // used later than the other
  EXPECT_TRUE(index_.evict());
  EXPECT_EQ(index_.find(nullptr, text(64, 2), cache_).length(), 0);
  EXPECT_TRUE(index_.evict());
  EXPECT_EQ(index_.find(nullptr, text(128, 1), cache_).length(), 64);
  EXPECT_TRUE(index_.evict());
  EXPECT_FALSE(index_.evict());
  EXPECT_EQ(cache_.used_blocks(), 0U);
}

TEST_F(Prefixes, WhatAnAdapterComputedIsForItAlone) {
  auto adapter = std::make_shared<const nn::SequenceAdapter>();
  const std::weak_ptr<const nn::SequenceAdapter> alive = adapter;
  index_.add(adapter, text(64), sequence(64));
  EXPECT_EQ(index_.find(adapter, text(64), cache_).length(), 64);
  EXPECT_EQ(index_.find(nullptr, text(64), cache_).length(), 0);
  EXPECT_EQ(index_.find(std::make_shared<const nn::SequenceAdapter>(), text(64), cache_).length(), 0);
  adapter.reset();
  EXPECT_FALSE(alive.expired());  // another at the same address would find its blocks
  EXPECT_TRUE(index_.evict());
  EXPECT_TRUE(alive.expired());
}

}  // namespace
}  // namespace linnet::generate
