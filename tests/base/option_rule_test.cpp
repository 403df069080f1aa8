#include "linnet/base/option_rule.h"

#include <gtest/gtest.h>

#include "linnet/base/error.h"

namespace linnet {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr OptionRule kRules[] = {
    {"epochs", at_least(1)}, {"rank", at_least(1), "method", "lora,prefix"}, {"shots", {}, "examples"}, {"alpha"}};

std::string refusal(const auto& work) {
  try {
    work();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInvalidArgument);
    EXPECT_NE(error.option(), "");
    return error.what();
  }
  return "";
}

TEST(Range, HoldsItsEndsUnlessToldOtherwise) {
  EXPECT_TRUE(at_least(1).contains(1));
  EXPECT_FALSE(at_least(1).contains(0.5));
  EXPECT_FALSE(above(0).contains(0));
  EXPECT_TRUE(between(0, 1).contains(1));
  EXPECT_FALSE(below_one().contains(1));
  EXPECT_TRUE(below_one().contains(0));
  EXPECT_TRUE(above_to(0, 1).contains(1));
  EXPECT_FALSE(above_to(0, 1).contains(0));
  for (const Range range : {Range{}, at_least(0), between(-1, 1)})
    for (const double value : {kInfinity, -kInfinity, std::nan("")}) EXPECT_FALSE(range.contains(value));
}

TEST(Range, SaysWhatItHolds) {
  EXPECT_EQ(Range{}.text(), "");
  EXPECT_EQ(at_least(1).text(), "1 or more");
  EXPECT_EQ(above(0).text(), "above 0");
  EXPECT_EQ(between(0, 0.5).text(), "from 0 to 0.5");
  EXPECT_EQ(below_one().text(), "at least 0 and below 1");
  EXPECT_EQ(above_to(0, 1).text(), "above 0 and at most 1");
}

TEST(OptionRule, RefusesANumberOutsideByTheOptionsName) {
  static_assert(rule_of(kRules, "rank").range.least == 1);
  EXPECT_EQ(refusal([] { check_range(rule_of(kRules, "epochs"), 3); }), "");
  EXPECT_EQ(refusal([] { check_range(rule_of(kRules, "epochs"), 0); }), "epochs: 0 is not 1 or more");
  EXPECT_EQ(refusal([] { check_range(rule_of(kRules, "alpha"), kInfinity); }), "alpha: inf is not a number");
}

TEST(OptionRule, RefusesAnOptionWithoutTheOneItBelongsTo) {
  const OptionRule& rank = rule_of(kRules, "rank");
  EXPECT_TRUE(rank.takes("lora") && rank.takes("prefix") && !rank.takes("lor") && !rank.takes(""));
  EXPECT_TRUE(rule_of(kRules, "shots").takes("any file"));
  EXPECT_EQ(refusal([&] { check_owner(rank, true, "prefix"); }), "");
  EXPECT_EQ(refusal([&] { check_owner(rank, false, "full"); }), "");
  EXPECT_EQ(refusal([&] { check_owner(rank, true, "full"); }),
            "rank: does nothing with method full; it belongs to lora,prefix");
}

}  // namespace
}  // namespace linnet
