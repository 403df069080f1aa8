#include "linnet/tensor/half.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>

namespace linnet {
namespace {

TEST(Half, EveryHalfIsAFloatAndComesBack) {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    const float value = half_to_float(half);
    const int exponent = (half >> 10) & 31, fraction = half & 1023;
    if (exponent == 31 && fraction != 0) {
      ASSERT_TRUE(std::isnan(value)) << bits;
      ASSERT_TRUE(std::isnan(half_to_float(float_to_half(value)))) << bits;
      continue;
    }
    const double magnitude = exponent == 31  ? INFINITY
                             : exponent == 0 ? std::ldexp(fraction, -24)
                                             : std::ldexp(1024 + fraction, exponent - 25);
    ASSERT_EQ(value, half & 0x8000 ? -magnitude : magnitude) << bits;
    ASSERT_EQ(float_to_half(value), half) << bits;
  }
}

// The midpoint of two neighbours rounds to the even one; values next to it to the nearest.
TEST(Half, RoundsToNearestTiesToEven) {
  for (std::uint32_t bits = 0; bits < 0x7bff; ++bits) {
    const auto low = static_cast<std::uint16_t>(bits), high = static_cast<std::uint16_t>(bits + 1);
    const float middle = (half_to_float(low) + half_to_float(high)) / 2;  // exact
    ASSERT_EQ(float_to_half(middle), bits % 2 == 0 ? low : high) << bits;
    ASSERT_EQ(float_to_half(std::nextafter(middle, 0.0F)), low) << bits;
    ASSERT_EQ(float_to_half(std::nextafter(middle, 1e30F)), high) << bits;
    ASSERT_EQ(float_to_half(-middle), float_to_half(middle) | 0x8000) << bits;
  }
  EXPECT_EQ(float_to_half(65519.99F), 0x7bff);
  EXPECT_EQ(float_to_half(65520), 0x7c00);
  EXPECT_EQ(float_to_half(1e30F), 0x7c00);
  EXPECT_EQ(float_to_half(-INFINITY), 0xfc00);
  EXPECT_EQ(float_to_half(1e-30F), 0);
}

TEST(Bfloat, EveryOneComesBackAndRoundingIsToNearestEven) {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto own = static_cast<std::uint16_t>(bits);
    const float value = bfloat_to_float(own);
    ASSERT_EQ(std::bit_cast<std::uint32_t>(value), bits << 16);
    if (std::isnan(value)) {
      ASSERT_TRUE(std::isnan(bfloat_to_float(float_to_bfloat(value)))) << bits;
    } else {
      ASSERT_EQ(float_to_bfloat(value), own) << bits;
    }
  }
  EXPECT_EQ(float_to_bfloat(std::bit_cast<float>(0x3f808000u)), 0x3f80);  // ties
  EXPECT_EQ(float_to_bfloat(std::bit_cast<float>(0x3f818000u)), 0x3f82);
  EXPECT_EQ(float_to_bfloat(std::bit_cast<float>(0x3f808001u)), 0x3f81);
  EXPECT_EQ(float_to_bfloat(std::bit_cast<float>(0x7f7fffffu)), 0x7f80);  // rounds to infinity
  EXPECT_TRUE(std::isnan(bfloat_to_float(float_to_bfloat(std::bit_cast<float>(0x7f800001u)))));
}

}  // namespace
}  // namespace linnet
