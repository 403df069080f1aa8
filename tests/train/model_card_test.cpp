#include "linnet/train/model_card.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace linnet {
namespace {

using testing::HasSubstr;

TEST(ModelCard, SaysDataMetricsBaseAndLicence) {
  ModelCard card{.name = "sentiment", .base = "org/base", .licence = "bigscience-bloom-rail-1.0"};
  card.labels = {"neg", "pos"};
  card.data = {{"rows", "320"}};
  card.metrics = {{"accuracy", "0.97"}};
  const std::string text = model_card(card);
  EXPECT_TRUE(text.starts_with("---\nlicense: \"bigscience-bloom-rail-1.0\"\n"));
  EXPECT_THAT(text, HasSubstr("base_model: \"org/base\""));
  EXPECT_THAT(text, HasSubstr("| accuracy | 0.97 |"));
  EXPECT_THAT(text, HasSubstr("`pos`"));
  EXPECT_THAT(text, HasSubstr("measure again on yours.\n"));
  card.measure = "linnet classify";
  EXPECT_THAT(model_card(card), HasSubstr("measure again on yours: `linnet classify`.\n"));
}

TEST(ModelCard, NamesCannotBreakTheHead) {
  const std::string text = model_card({.name = "x", .base = "a\n---\nlicense: mit"});
  EXPECT_THAT(text, HasSubstr("base_model: \"a\\n---\\nlicense: mit\""));
  EXPECT_THAT(text, HasSubstr("not stated"));
}

}  // namespace
}  // namespace linnet
