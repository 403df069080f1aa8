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

// Inside a class Oniguruma reads "(", ")" and "|" as characters.
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

// Error codes with a part of the pattern read it from an argument.
TEST(Pattern, EveryErrorCodeHasItsMessage) {
  for (int code = 10; code > -1200; --code) EXPECT_FALSE(regex_error(code, "part").empty()) << code;
  EXPECT_EQ(regex_error(-223, "Nope"), "invalid character property name {Nope}");  // ONIGERR_INVALID_CHAR_PROPERTY_NAME
}

// Patterns whose errors name a part of them.
TEST(Pattern, PatternsWhoseErrorsNameAPartAreRefused) {
  for (const char* source : {R"(\p{Nope})", R"(\p{})", R"((?<a>x)\k<b>)", R"(\g<zz>)", "(?<a", R"(\k<1a>)", "(?<>x)",
                             "(?<1>x)", R"(\k<99>)", R"((?<a>x)(?<a>y)\g<a>)", "[[:nope:]]", "(?(<q>)a)", R"(\p{^})"})
    EXPECT_THAT(refusal([&] { regex(source); }), ::testing::HasSubstr("cannot be read: ")) << source;
}

// A pattern that scans to the end of the text from every position has a time limit.
TEST(Pattern, SearchesEndInTime) {
  const std::string text(1 << 18, 'a');
  for (const char* source : {"a(?=.*b)|c", "(?:a|aa)+$b"}) EXPECT_THROW(regex(source).find_all(text), Error) << source;
  EXPECT_EQ(regex(R"(\s+(?!\S)|\s+|\w+)").find_all(text + std::string(100'000, ' ') + "b").size(), 4U);
}

// The same for literals, for which std::string::find is quadratic.
TEST(Pattern, ALongLiteralIsFoundInLinearTime) {
  const std::string text(2 << 20, 'a');
  EXPECT_THAT(Pattern::literal(std::string(1 << 20, 'a') + "b").find_all(text), IsEmpty());
}

}  // namespace
}  // namespace linnet
