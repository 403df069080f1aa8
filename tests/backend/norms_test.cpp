// The reference's norms against hand-computed values; other backends are tested against the reference.
#include <gtest/gtest.h>

#include <cmath>

#include "linnet/backend/backend.h"

namespace linnet {
namespace {

TEST(ReferenceNorms, LayerNorm) {
  const float x[] = {1, 3, 5, 7}, weight[] = {1, 1, 1, 2}, bias[] = {0, 0, 1, 0};
  float y[4], mean, rstd;
  make_reference_backend()->layer_norm({x, weight, bias, y, &mean, &rstd, 1, 4, 0});
  EXPECT_FLOAT_EQ(mean, 4);
  EXPECT_FLOAT_EQ(rstd, 1 / std::sqrt(5.0f));
  EXPECT_FLOAT_EQ(y[0], -3 * rstd);
  EXPECT_FLOAT_EQ(y[2], 1 + rstd);
  EXPECT_FLOAT_EQ(y[3], 6 * rstd);
}

TEST(ReferenceNorms, EpsilonIsInsideTheRoot) {
  const float x[] = {3, 4}, weight[] = {1, 10};
  float y[2], rstd;
  make_reference_backend()->rms_norm({x, weight, nullptr, y, nullptr, &rstd, 1, 2, 3.5f});
  EXPECT_FLOAT_EQ(rstd, 0.25f);  // 1 / sqrt(25 / 2 + 3.5)
  EXPECT_FLOAT_EQ(y[1], 10);
}

TEST(ReferenceNorms, AShiftOfXHasNoGradient) {
  const float x[] = {1, 2, 4}, weight[] = {1, 2, 3}, dy[] = {0.5f, -1, 2}, mean = 7.0f / 3, rstd = 0.8f;
  float dx[3], dweight[3], dbias[3];
  make_reference_backend()->layer_norm_grad({dy, x, weight, &mean, &rstd, dx, dweight, dbias, 1, 3});
  EXPECT_NEAR(dx[0] + dx[1] + dx[2], 0, 1e-6);
  for (int c = 0; c < 3; ++c) {
    EXPECT_FLOAT_EQ(dbias[c], dy[c]);
    EXPECT_FLOAT_EQ(dweight[c], dy[c] * (x[c] - mean) * rstd);
  }
}

}  // namespace
}  // namespace linnet
