#include "linnet/base/json.h"

#include <gmock/gmock.h>

#include "tests/scratch.h"

namespace linnet {
namespace {

using ::testing::HasSubstr;

std::string refused(std::string_view text, const JsonLimits& limits = {}) {
  return refusal([&] { parse_json(text, "f.json", limits); });
}

const char* const kNoJson[] = {
    " ",
    "[",
    "]",
    "[1",
    "[1,",
    "[,1]",
    "[1,,2]",
    "[1 2]",
    "[1]]",
    "{",
    "{\"a\"",
    "{\"a\":",
    "{\"a\":1",
    "{\"a\" 1}",
    "{a:1}",
    "{'a':1}",
    "{1:1}",
    "{\"a\":1,}",
    "{,}",
    "{\"a\"::1}",
    "nul",
    "True",
    "NaN",
    "-Infinity",
    "undefined",
    "01",
    "-01",
    "+1",
    ".5",
    "1.",
    "1.e1",
    "1e",
    "1e+",
    "-",
    "--1",
    "0x10",
    "1_000",
    "\"a",
    "'a'",
    "\"\\\"",
    "\"\\x41\"",
    "\"\\u12\"",
    "\"\\u12G4\"",
    "\"a\nb\"",
    "\"a\tb\"",
    "\"\\ud800\"",
    "\"\\udc00\"",
    "\"\\ud800\\u0041\"",
    "\"\xC3\"",
    "\"\xC0\xAF\"",
    "\"\xED\xA0\x80\"",
    "\"\xF4\x90\x80\x80\"",
    "// x\n1",
    "/* x */1",
    "1 // x",
    "\f1",
    "\xC2\xA0"
    "1",
    "[1e400]",
    "[-1e400]",
    "[1]x",
};

TEST(Json, KeepsTheOrderOfKeys) {
  EXPECT_EQ(dump_json(parse_json(R"({"b": 1, "a": [true, null, "x"]})", "")), R"({"b":1,"a":[true,null,"x"]})");
}

TEST(Json, MessagesNamePlaceAndByte) {
  EXPECT_THAT(refused("{\"a\": nul}"), HasSubstr("f.json: "));
  EXPECT_THAT(refused("{\"a\": 1,}"), HasSubstr("at byte 9"));
  EXPECT_THAT(refused(""), HasSubstr("not JSON"));
  EXPECT_THAT(refused("[1] [2]"), HasSubstr("f.json"));
  EXPECT_THAT(refused(std::string_view("[1]\0", 4)), HasSubstr("a NUL byte at byte 3"));
  refused("\"\xff\"");
  refused("[1e999]");
}

TEST(Json, AcceptsTheGrammarOfRfc8259) {
  const std::pair<const char*, const char*> texts[] = {
      {"0", "0"},
      {"-0", "0"},
      {" \t\r\n[ ] \n", "[]"},
      {"\"\"", "\"\""},
      {"1E+2", "100.0"},
      {"-1.25e-2", "-0.0125"},
      {"1e-400", "0.0"},
      {"9223372036854775807", "9223372036854775807"},
      {"-9223372036854775808", "-9223372036854775808"},
      {"18446744073709551615", "18446744073709551615"},
      {R"("\"\\\/\b\f\n\r\t")", R"("\"\\/\b\f\n\r\t")"},
      {R"("\u00e9\u20ac\ud83d\ude00")", "\"é€😀\""},
      {R"("a\u0000b")", R"("a\u0000b")"},
      {"\"\x7F\"", "\"\x7F\""},
      {R"({"":{"":null}})", R"({"":{"":null}})"},
  };
  for (const auto& [text, wanted] : texts) EXPECT_EQ(dump_json(parse_json(text, text)), wanted) << text;
}

TEST(Json, RefusesEverythingElse) {
  for (const char* text : kNoJson) refused(text);
}

TEST(Json, DepthIsBounded) {
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_NO_THROW(parse_json(nested(256), ""));
  EXPECT_THAT(refused(nested(257)), HasSubstr("nested more than 256 deep"));
  EXPECT_THAT(refused(nested(2'000'000)), HasSubstr("nested more than 256 deep"));
  EXPECT_THAT(refused(nested(4), {.depth = 3}), HasSubstr("3 deep"));
  EXPECT_NO_THROW(parse_json("[[],[],[[]]]", "", {.depth = 3}));  // breadth is not limited
}

TEST(Json, AKeyStandsOnceInAnObject) {
  EXPECT_THAT(refused(R"({"a": 1, "a": 2})"), HasSubstr("key 'a' stands twice"));
  EXPECT_NO_THROW(parse_json(R"({"a": {"a": 1}, "b": {"a": 2}})", ""));
  EXPECT_EQ(parse_json(R"({"a": 1, "a": 2})", "", {.duplicate_keys = true})["a"], 2);
}

TEST(Json, FilesMayBeginWithAMark) {
  Scratch scratch;
  put(scratch / "f.json", "\xEF\xBB\xBF[1]");
  EXPECT_EQ(read_json(scratch / "f.json"), Json::array({1}));
  put(scratch / "g.json", "[");
  EXPECT_THAT(refusal([&] { read_json(scratch / "g.json"); }), HasSubstr("g.json"));
}

TEST(Json, OutputIsAlwaysText) {
  EXPECT_EQ(dump_json(Json("a\xff")), "\"a\xEF\xBF\xBD\"");
  EXPECT_EQ(dump_json(Json{{"a", 1}}, 2), "{\n  \"a\": 1\n}");
}

TEST(Json, LookUpsNameKeyAndValue) {
  const Json json = parse_json(R"({"i": -3, "u": 9223372036854775808, "f": 1.5, "s": "x"})", "");
  EXPECT_EQ(get_integer(json["i"], "i", "f"), -3);
  EXPECT_EQ(get_string(require(json, "s", "f"), "s", "f"), "x");
  EXPECT_THAT(refusal([&] { get_integer(json["u"], "u", "f.json"); }),
              HasSubstr("f.json: 'u' is 9223372036854775808, not an integer"));
  EXPECT_THAT(refusal([&] { get_integer(json["f"], "f", "f.json"); }), HasSubstr("'f' is 1.5"));
  EXPECT_THAT(refusal([&] { get_string(json["i"], "i", "f.json"); }), HasSubstr("'i' is -3, not a string"));
  EXPECT_THAT(refusal([&] { require(json, "missing", "f.json"); }), HasSubstr("'missing' is missing"));
  EXPECT_THAT(refusal([&] { require(Json::array(), "x", "f.json"); }), HasSubstr("'x' is missing"));
}

}  // namespace
}  // namespace linnet
