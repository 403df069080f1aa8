#include "linnet/serve/fields.h"

#include <gtest/gtest.h>

#include <functional>

namespace linnet::serve {
namespace {

// The parameter that is blamed; "" if nothing is wrong.
std::string blamed(const std::string& body, const std::function<void(Fields&)>& read) {
  try {
    const Json json = parse_body(body);
    Fields fields(json);
    read(fields);
    fields.finish();
  } catch (const ApiError& error) {
    EXPECT_EQ(error.status(), 400);
    return error.param().empty() ? error.what() : error.param();
  }
  return "";
}

TEST(FieldsOfARequest, HaveTheirTypeAndRange) {
  const auto n = [](Fields& f) { f.integer("n", 1, 8); };
  EXPECT_EQ(blamed(R"({"n": 8})", n), "");
  EXPECT_EQ(blamed(R"({"n": null})", n), "");
  for (const char* body : {R"({"n": 9})", R"({"n": 0})", R"({"n": -1})", R"({"n": 1.5})", R"({"n": "1"})",
                           R"({"n": true})", R"({"n": 18446744073709551615})", R"({"n": [1]})"})
    EXPECT_EQ(blamed(body, n), "n") << body;
  const auto p = [](Fields& f) { f.number("p", 0, 1); };
  EXPECT_EQ(blamed(R"({"p": 1})", p), "");
  for (const char* body : {R"({"p": 1.1})", R"({"p": "hot"})", R"({"p": -1e300})"})
    EXPECT_EQ(blamed(body, p), "p") << body;
  EXPECT_EQ(blamed(R"({"s": 1})", [](Fields& f) { f.flag("s"); }), "s");
  EXPECT_EQ(blamed(R"({"t": [1]})", [](Fields& f) { f.texts("t", 4); }), "t");
  EXPECT_EQ(blamed(R"({"t": ["a", "b"]})", [](Fields& f) { f.texts("t", 1); }), "t");
  EXPECT_EQ(blamed(R"({"c": "x"})", [](Fields& f) { f.choice("c", {"a", "b"}); }), "c");
  EXPECT_EQ(blamed(R"({})", [](Fields& f) { f.required("r"); }), "r");
}

TEST(FieldsOfARequest, AreRefusedByNameIfNothingReadsThem) {
  EXPECT_EQ(blamed(R"({"guided_json": {}})", [](Fields&) {}), "guided_json");
  EXPECT_EQ(blamed(R"({"user": "a"})", [](Fields& f) { f.ignore({"user"}); }), "");
  const auto best = [](Fields& f) { f.refuse("best_of", Json(1)); };
  EXPECT_EQ(blamed(R"({"best_of": 1})", best), "");
  EXPECT_EQ(blamed(R"({"best_of": 2})", best), "best_of");
}

TEST(Bodies, AreObjectsOfLimitedDepth) {
  const auto nothing = [](Fields&) {};
  EXPECT_EQ(blamed("{}", nothing), "");
  for (const std::string& body :
       {std::string(), std::string("null"), std::string("[]"), std::string("{} {}"), std::string(R"({"a": NaN})"),
        std::string("{\"a\": \"\xff\"}"), "{\"a\": " + std::string(40, '[') + std::string(40, ']') + "}",
        std::string(R"({"a": 1, "a": 2})")})
    EXPECT_NE(blamed(body, nothing), "") << body;
}

TEST(Seeds, AreAnyIntegerOf64Bits) {
  const auto seed = [](Fields& f) { f.seed("seed"); };
  EXPECT_EQ(blamed(R"({"seed": -1})", seed), "");
  EXPECT_EQ(blamed(R"({"seed": 18446744073709551615})", seed), "");
  EXPECT_EQ(blamed(R"({"seed": 18446744073709551616})", seed), "seed");
}

}  // namespace
}  // namespace linnet::serve
