#include "linnet/base/json.h"

#include <gmock/gmock.h>

#include "tests/scratch.h"

namespace linnet {
namespace {

using ::testing::HasSubstr;

std::string refused(std::string_view text, const JsonLimits& limits = {}) {
  return refusal([&] { parse_json(text, "f.json", limits); });
}

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
