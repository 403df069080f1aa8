// Random inputs and comparison of two backends' outputs, for the tests of kernels.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "linnet/base/rng.h"

namespace linnet::testing {

using Floats = std::vector<float>;

inline Floats random_floats(std::int64_t n, std::uint64_t seed, float scale = 1.0F) {
  Rng rng(seed);
  Floats values(static_cast<std::size_t>(n));
  for (float& value : values) value = scale * rng.normal();
  return values;
}

inline constexpr float kGuard = 12345.5F;  // around outputs: a kernel that writes too far changes it

// Largest difference relative to the largest value, both in double.
inline double relative_error(const Floats& found, const Floats& wanted) {
  double most = 1e-30, off = 0;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    most = std::max(most, std::fabs(static_cast<double>(wanted[i])));
    const double difference = std::fabs(static_cast<double>(found[i]) - static_cast<double>(wanted[i]));
    off = difference <= off ? off : difference;  // NaN is kept
  }
  return off / most;
}

#define EXPECT_CLOSE(found, wanted, tolerance)                                    \
  do {                                                                            \
    ASSERT_EQ((found).size(), (wanted).size());                                   \
    EXPECT_LE(::linnet::testing::relative_error((found), (wanted)), (tolerance)); \
  } while (false)

}  // namespace linnet::testing
