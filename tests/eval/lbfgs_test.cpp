#include "linnet/eval/lbfgs.h"

#include <gtest/gtest.h>

#include <cmath>

namespace linnet {
namespace {

TEST(Lbfgs, FindsTheMinimumOfRosenbrocksFunction) {
  std::vector<double> x{-1.2, 1, -1.2, 1};
  int calls = 0;
  const bool reached = minimize(x,
                                [&](const std::vector<double>& at, std::vector<double>& gradient) {
                                  ++calls;
                                  double value = 0;
                                  for (std::size_t i = 0; i < at.size(); i += 2) {
                                    const double a = 1 - at[i], b = at[i + 1] - at[i] * at[i];
                                    value += a * a + 100 * b * b;
                                    gradient[i] = -2 * a - 400 * at[i] * b;
                                    gradient[i + 1] = 200 * b;
                                  }
                                  return value;
                                },
                                {.tolerance = 1e-9});
  EXPECT_TRUE(reached);
  for (const double v : x) EXPECT_NEAR(v, 1, 1e-8);
  EXPECT_LT(calls, 200);
}

TEST(Lbfgs, SaysIfItDidNotReachTheTolerance) {
  std::vector<double> x{3};
  const auto falling = [](const std::vector<double>& at, std::vector<double>& gradient) {
    gradient[0] = -1;
    return -at[0];
  };
  EXPECT_FALSE(minimize(x, falling, {.iterations = 3}));
}

}  // namespace
}  // namespace linnet
