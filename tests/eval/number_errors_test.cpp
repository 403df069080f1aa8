#include "linnet/eval/number_errors.h"

#include <gtest/gtest.h>

namespace linnet {
namespace {

TEST(NumberErrors, AreMeansOverRows) {
  NumberErrors errors;
  const float one[] = {1}, three[] = {3}, four[] = {4};
  errors.add(three, one);
  errors.add(three, four);
  EXPECT_EQ(errors.rows(), 2);
  EXPECT_DOUBLE_EQ(errors.mean_squared(), (4.0 + 1.0) / 2);
  EXPECT_DOUBLE_EQ(errors.mean_absolute(), (2.0 + 1.0) / 2);
}

TEST(NumberErrors, ARowOfSeveralNumbersCountsOnce) {
  NumberErrors errors;
  const float predicted[] = {1, 5}, expected[] = {1, 1}, zero[] = {0};
  errors.add(predicted, expected);
  errors.add(zero, zero);
  EXPECT_DOUBLE_EQ(errors.mean_squared(), 8.0 / 2);
  EXPECT_DOUBLE_EQ(errors.mean_absolute(), 2.0 / 2);
}

TEST(NumberErrors, OfNoRowsAreZero) {
  EXPECT_EQ(NumberErrors().mean_squared(), 0);
  EXPECT_EQ(NumberErrors().mean_absolute(), 0);
}

}  // namespace
}  // namespace linnet
