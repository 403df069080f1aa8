#include "linnet/eval/comparison.h"

#include <gtest/gtest.h>

namespace linnet {
namespace {

JudgedClasses judged(std::vector<std::int32_t> predicted) {
  return {2, {0, 1, 0, 1, 0, 1, 0, 1}, std::move(predicted)};
}

TEST(Comparison, TheBestHasTheHighestAccuracyAndTheFirstOfEqualOnes) {
  const Comparison comparison({{"half", ClassMetrics(judged({0, 0, 0, 0, 0, 0, 0, 0}))},
                               {"all", ClassMetrics(judged({0, 1, 0, 1, 0, 1, 0, 1}))},
                               {"all again", ClassMetrics(judged({0, 1, 0, 1, 0, 1, 0, 1}))}},
                              {.resamples = 100});
  EXPECT_EQ(comparison.best(), 1U);
  EXPECT_EQ(comparison.p_vs_best(), (std::vector<double>{3 * 0.125, 1, 1}));
  EXPECT_EQ(comparison.values()[0][kAccuracy], 0.5);
  ASSERT_TRUE(comparison.intervals()[1][kAccuracy].has_value()) << "Wilson's interval of 1 has a width";
  EXPECT_LT(comparison.intervals()[1][kAccuracy]->low, 0.8);
  EXPECT_FALSE(comparison.intervals()[1][kMacroF1].has_value()) << "all resamples are right";
}

TEST(Comparison, CountsTextsThatOneSystemHasRight) {
  const Discordant count = discordant(judged({0, 1, 1, 1, 0, 1, 0, 1}), judged({0, 0, 0, 0, 0, -1, 0, 1}));
  EXPECT_EQ(count.only_first, 3);
  EXPECT_EQ(count.only_second, 1);
}

}  // namespace
}  // namespace linnet
