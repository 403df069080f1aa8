#include "linnet/tokenizer/vocabulary.h"

#include <gmock/gmock.h>

#include "linnet/tokenizer/merge_table.h"
#include "linnet/tokenizer/word_cache.h"

namespace linnet {
namespace {

TEST(Vocabulary, KnowsTextsAndIdsBothWays) {
  Vocabulary v;
  EXPECT_EQ(v.find("a"), -1);
  EXPECT_EQ(v.max_id(), -1);
  v.add("the", 5), v.add("", 0), v.add("a", 2);
  v.finish();
  EXPECT_EQ(v.find("the"), 5);
  EXPECT_EQ(v.find(""), 0);
  EXPECT_EQ(v.find("th"), -1);
  EXPECT_EQ(v.text(5), "the");
  EXPECT_EQ(v.text(1), std::nullopt);
  EXPECT_EQ(v.text(-1), std::nullopt);
  EXPECT_EQ(v.text(6), std::nullopt);
  EXPECT_EQ(v.size(), 3);
  EXPECT_EQ(v.max_id(), 5);
  EXPECT_EQ(v.longest(), 3U);
  EXPECT_FALSE(v.has_shared_ids());
}

TEST(Vocabulary, TheLaterOfTwoCounts) {
  Vocabulary v;
  v.add("a", 1), v.add("a", 2), v.add("b", 2);
  v.finish();
  EXPECT_EQ(v.find("a"), 2);
  EXPECT_EQ(v.text(2), "b");
  EXPECT_EQ(v.text(1), std::nullopt);
  EXPECT_TRUE(v.has_shared_ids());
  std::vector<std::pair<std::string, std::int32_t>> all;
  v.for_each([&](std::string_view text, std::int32_t id) { all.emplace_back(text, id); });
  EXPECT_THAT(all, ::testing::ElementsAre(::testing::Pair("a", 2), ::testing::Pair("b", 2)));
}

TEST(Vocabulary, AHugeIdMakesNoHugeTable) {
  Vocabulary v;
  v.add("a", INT32_MAX), v.add("b", 7);
  v.finish();
  EXPECT_EQ(v.text(INT32_MAX), "a");
  EXPECT_EQ(v.text(7), "b");
  EXPECT_EQ(v.text(8), std::nullopt);
}

TEST(Vocabulary, ThousandsAreFound) {
  Vocabulary v;
  for (std::int32_t i = 0; i < 20'000; ++i) v.add("token" + std::to_string(i), i);
  v.finish();
  for (std::int32_t i = 0; i < 20'000; ++i) {
    ASSERT_EQ(v.find("token" + std::to_string(i)), i);
    ASSERT_EQ(v.text(i), "token" + std::to_string(i));
  }
}

TEST(MergeTable, FindsPairsByBothIds) {
  MergeTable t;
  t.reserve(1000);
  for (std::int32_t i = 0; i < 1000; ++i) t.insert(i, 1000 - i, {static_cast<std::uint32_t>(i), i + 5000});
  for (std::int32_t i = 0; i < 1000; ++i) {
    ASSERT_EQ(t.find(i, 1000 - i).id, i + 5000);
    ASSERT_EQ(t.find(1000 - i, i).id, i == 500 ? 5500 : i == 0 ? -1 : 6000 - i);
  }
  EXPECT_EQ(t.find(3, 3).rank, MergeTable::kNone);
  t.insert(3, 997, {1, 9});
  EXPECT_EQ(t.find(3, 997).id, 9);
}

TEST(WordCache, GivesBackWhatTilesTheWord) {
  WordCache& cache = WordCache::local(991);
  std::vector<ModelToken> tokens{{7, 10, 12}, {8, 12, 15}}, found;
  cache.store("hello", 10, tokens, 0);
  ASSERT_TRUE(cache.fetch("hello", 3, found));
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[1].id, 8);
  EXPECT_EQ(found[1].begin, 5U);
  EXPECT_EQ(found[1].end, 8U);
  EXPECT_FALSE(cache.fetch("hellp", 0, found));
  tokens[1].begin = 13;  // a gap: not stored
  cache.store("other", 10, tokens, 0);
  EXPECT_FALSE(cache.fetch("other", 0, found));
  EXPECT_FALSE(cache.fetch(std::string(100, 'x'), 0, found));
  EXPECT_FALSE(WordCache::local(992).fetch("hello", 0, found));  // another model's
}

}  // namespace
}  // namespace linnet
