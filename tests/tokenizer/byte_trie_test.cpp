#include "linnet/tokenizer/byte_trie.h"

#include <gmock/gmock.h>

#include <map>
#include <string>

#include "linnet/base/rng.h"

namespace linnet {
namespace {

using Hit = std::pair<std::size_t, std::int32_t>;

std::vector<Hit> hits(const ByteTrie& trie, std::string_view text) {
  std::vector<Hit> out;
  trie.for_each_prefix(text, [&](std::size_t length, std::int32_t value) { out.emplace_back(length, value); });
  return out;
}

TEST(ByteTrie, FindsEveryKeyATextStartsWith) {
  ByteTrie trie;
  EXPECT_TRUE(trie.empty());
  trie.insert("a", 1), trie.insert("abc", 3), trie.insert("b", 4), trie.insert("", 9);
  EXPECT_FALSE(trie.empty());
  EXPECT_THAT(hits(trie, "abcd"), ::testing::ElementsAre(Hit(1, 1), Hit(3, 3)));
  EXPECT_THAT(hits(trie, "ab"), ::testing::ElementsAre(Hit(1, 1)));
  EXPECT_THAT(hits(trie, ""), ::testing::IsEmpty());
  EXPECT_THAT(hits(trie, "xabc"), ::testing::IsEmpty());
  std::int32_t value = 0;
  EXPECT_EQ(trie.longest("abcabc", &value), 3U);
  EXPECT_EQ(value, 3);
  EXPECT_EQ(trie.longest("x"), 0U);
  EXPECT_TRUE(trie.starts('b'));
  EXPECT_FALSE(trie.starts('c'));
  trie.insert("a", 7);  // again: the new value
  EXPECT_THAT(hits(trie, "a"), ::testing::ElementsAre(Hit(1, 7)));
}

TEST(ByteTrie, ManyRandomKeysAreTheirMap) {
  Rng rng(3);
  ByteTrie trie;
  std::map<std::string, std::int32_t> known;
  const auto word = [&] {
    std::string text;
    for (std::uint64_t n = 1 + rng.below(6); n > 0; --n)
      text += static_cast<char>(rng.below(4) * 85);  // 0, 85, 170, 255
    return text;
  };
  for (std::int32_t i = 0; i < 3000; ++i) {
    const std::string text = word();
    trie.insert(text, i);
    known[text] = i;
  }
  for (int i = 0; i < 2000; ++i) {
    const std::string text = word() + word();
    std::vector<Hit> wanted;
    for (std::size_t n = 1; n <= text.size(); ++n)
      if (const auto found = known.find(text.substr(0, n)); found != known.end()) wanted.emplace_back(n, found->second);
    ASSERT_EQ(hits(trie, text), wanted);
  }
}

}  // namespace
}  // namespace linnet
