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

TEST_F(Prefixes, FindsTheFullBlocksThatATextBeginsWith) {
  const auto s = sequence(150);
  index_.add(text(150), s);
  EXPECT_EQ(index_.find(text(150), cache_).length(), 128);
  EXPECT_EQ(index_.find(text(128), cache_).blocks()[1], s.blocks()[1]);
  EXPECT_EQ(index_.find(text(127), cache_).length(), 64);
  EXPECT_EQ(index_.find(text(63), cache_).length(), 0);
  EXPECT_EQ(index_.find(text(150, 7), cache_).length(), 0);
  Ids other = text(150);
  other[100] = 9;
  EXPECT_EQ(index_.find(other, cache_).length(), 64);
}

TEST_F(Prefixes, GivesUpWhatWasUsedLongestAgoFromTheEndAndOnlyWhatIsFree) {
  auto a = sequence(128), b = sequence(64);
  index_.add(text(128, 1), a);
  index_.add(text(64, 2), b);
  EXPECT_FALSE(index_.evict());  // the sequences own them
  a = {}, b = {};
  EXPECT_EQ(cache_.used_blocks(), 3U);
  EXPECT_EQ(index_.find(text(128, 1), cache_).length(), 128);  // used later than the other
  EXPECT_TRUE(index_.evict());
  EXPECT_EQ(index_.find(text(64, 2), cache_).length(), 0);
  EXPECT_TRUE(index_.evict());
  EXPECT_EQ(index_.find(text(128, 1), cache_).length(), 64);
  EXPECT_TRUE(index_.evict());
  EXPECT_FALSE(index_.evict());
  EXPECT_EQ(cache_.used_blocks(), 0U);
}

}  // namespace
}  // namespace linnet::generate
