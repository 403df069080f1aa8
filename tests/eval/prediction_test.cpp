#include "linnet/eval/prediction.h"

#include <gtest/gtest.h>

#include <cmath>

namespace linnet {
namespace {

TEST(Prediction, IsTheLikeliestClassWithItsSoftmax) {
  const float scores[] = {1, 3, 2};
  const Prediction p = predict(scores, 7, 2);
  EXPECT_EQ(p.example, 7);
  EXPECT_EQ(p.expected, 2);
  EXPECT_EQ(p.predicted, 1);
  EXPECT_NEAR(p.probability, std::exp(3.0) / (std::exp(1.0) + std::exp(3.0) + std::exp(2.0)), 1e-12);
  EXPECT_EQ(p.token, -1);
}

TEST(Prediction, LargeScoresHaveFiniteProbabilities) {
  const float scores[] = {-2e4f, 3e4f, 3e4f};
  EXPECT_DOUBLE_EQ(predict(scores, 0, 0).probability, 0.5);
  EXPECT_EQ(predict(scores, 0, 0).predicted, 1);  // the first of equal ones
}

}  // namespace
}  // namespace linnet
