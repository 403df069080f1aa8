#include <gtest/gtest.h>

#include <cmath>

#include "linnet/train/loop/watch.h"
#include "linnet/train/tasks/task.h"
#include "tests/train/parameter.h"

namespace linnet {
namespace {

TEST(Watch, TheArticlesRateIsWarnedOf) {
  TrainOptions options{.method = TrainMethod::kFull, .learning_rate = 1e-3};
  ASSERT_EQ(option_warnings(options).size(), 1u);
  EXPECT_NE(option_warnings(options)[0].find("0.001 on all weights"), std::string::npos);
  options.learning_rate = 5e-5;
  EXPECT_TRUE(option_warnings(options).empty());
  options = {.method = TrainMethod::kHead, .learning_rate = 1e-3};
  EXPECT_TRUE(option_warnings(options).empty());
  options = {.start = StartFrom::kScratch, .method = TrainMethod::kFull, .learning_rate = 1e-3};
  EXPECT_TRUE(option_warnings(options).empty());
}

TEST(Watch, APoolingOfOurOwnIsSaid) {
  TrainOptions options{.task = task_named("classify"), .pooling = nn::Pooling::kMean, .method = TrainMethod::kHead};
  ASSERT_EQ(option_warnings(options).size(), 1u);
  EXPECT_NE(option_warnings(options)[0].find("in linnet alone"), std::string::npos);
  options.pooling = nn::Pooling::kLast;
  EXPECT_TRUE(option_warnings(options).empty());
}

TEST(Watch, ALossStuckAtGuessingIsSaidOnce) {
  LossWatch watch(std::log(2.0), 10);
  int warnings = 0;
  for (int i = 0; i < 500; ++i) warnings += watch.see(0.69 + 0.02 * (i % 2)).has_value();
  EXPECT_EQ(warnings, 1);
}

// 320 rows for three epochs are fewer steps than a window.
TEST(Watch, AShortRunIsJudgedAtItsEnd) {
  const auto after = [](double first, double last, int steps) {
    LossWatch watch(std::log(2.0), 10);
    for (int i = 0; i < steps; ++i) EXPECT_FALSE(watch.see(first + (last - first) * i / steps).has_value());
    return watch;
  };
  EXPECT_TRUE(after(0.75, 0.69, 27).at_end().has_value());
  EXPECT_TRUE(after(0.7, 0.69, 27).at_end(0.6, 32).has_value());
  EXPECT_FALSE(after(0.7, 0.69, 27).at_end(0.95, 32).has_value());  // slow, but correct
  EXPECT_FALSE(after(0.75, 0.4, 27).at_end().has_value());
  EXPECT_FALSE(after(0.75, 0.69, 5).at_end().has_value());  // too few rows
  EXPECT_FALSE(after(0.6, 0.6, 60).at_end().has_value());   // decided by the window
}

TEST(Watch, ALossThatFallsIsFine) {
  LossWatch watch(std::log(2.0), 10);
  for (int i = 0; i < 500; ++i) EXPECT_FALSE(watch.see(0.7 - 0.001 * i).has_value()) << i;
  LossWatch words(0, 10);
  for (int i = 0; i < 500; ++i) EXPECT_FALSE(words.see(9).has_value());
}

TEST(Watch, FindsWhatIsNotFinite) {
  Tensor good = Tensor::zeros({4}), bad = Tensor::zeros({4});
  const std::vector<nn::Parameter> both{parameter("good", good), parameter("bad", bad)};
  EXPECT_EQ(first_not_finite(both), "");
  Tensor gradient = Tensor::zeros({4});
  gradient.data<float>()[2] = INFINITY;
  bad.set_grad(gradient);
  EXPECT_EQ(first_not_finite(both), "gradient of bad");
  good.data<float>()[1] = NAN;
  EXPECT_EQ(first_not_finite(both), "weight of good");
}

}  // namespace
}  // namespace linnet
