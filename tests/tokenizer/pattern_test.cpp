#include "linnet/tokenizer/pattern.h"

#include <gmock/gmock.h>

#include "tests/scratch.h"

namespace linnet {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> found(const Pattern& p, std::string_view text) {
  std::vector<std::string> out;
  for (const Span s : p.find_all(text)) out.emplace_back(text.substr(s.begin, s.end - s.begin));
  return out;
}
Pattern regex(const char* source) { return Pattern::regex(source, "tokenizer.json"); }

TEST(Pattern, LiteralsAreFoundWithoutOverlap) {
  EXPECT_THAT(found(Pattern::literal("aa"), "aaaaa"), ElementsAre("aa", "aa"));
  EXPECT_THAT(found(Pattern::literal(""), "abc"), IsEmpty());
  EXPECT_THAT(found(Pattern::literal("."), "a.b"), ElementsAre("."));
  EXPECT_FALSE(Pattern::literal(".").is_regex());
}

TEST(Pattern, RegularExpressionsAreOnigurumas) {
  EXPECT_THAT(found(regex(R"(\p{L}+)"), "ab, çd 12"), ElementsAre("ab", "çd"));
  EXPECT_THAT(found(regex(R"(\s+(?!\S)|\s+)"), "a  b "), ElementsAre(" ", " ", " "));
  EXPECT_THAT(found(regex("(?i:'S)"), "it's IT'S"), ElementsAre("'s", "'S"));
  EXPECT_TRUE(regex("a").is_regex());
}

// T1: inside a class Oniguruma reads "(", ")" and "|" as characters.
TEST(Pattern, BloomsPatternMeansWhatItSays) {
  const Pattern p = regex(" ?[^(\\s|[.,!?…。，、।۔،])]+");
  EXPECT_THAT(found(p, "a(b|c) d.e"), ElementsAre("a", "b", "c", " d", "e"));
}

TEST(Pattern, EmptyMatchesStandBetweenOthersOnly) {
  EXPECT_THAT(found(regex("x*"), "axb"), ElementsAre("", "x", ""));
  EXPECT_THAT(found(regex("$"), "ab"), ElementsAre(""));
}

TEST(Pattern, WhatDoesNotParseOrNeverEndsIsRefused) {
  EXPECT_THAT(refusal([] { regex("("); }),
              ::testing::HasSubstr("tokenizer.json: regular expression '(' cannot be read"));
  const std::string text = std::string(60, 'a') + "!b";
  EXPECT_THAT(refusal([&] { regex("(a|aa)*b").find_all(text); }), ::testing::HasSubstr("on this text"));
}

}  // namespace
}  // namespace linnet
