#include "linnet/nn/sinusoids.h"

#include <gtest/gtest.h>

#include <cmath>

namespace linnet::nn {
namespace {

TEST(Sinusoids, OfEvenColumnsAlternate) {
  const std::vector<std::int32_t> positions{0, 3};
  const Tensor table = sinusoids(positions, 4, Sines::kEvenColumns);
  const float wanted[] = {0, 1, 0, 1, std::sin(3.0F), std::cos(3.0F), std::sin(0.03F), std::cos(0.03F)};
  for (std::size_t i = 0; i < 8; ++i) EXPECT_NEAR(table.data<float>()[i], wanted[i], 1e-7) << i;
}

TEST(Sinusoids, OfTheFirstHalfAreApartAlsoWithAnOddWidth) {
  const std::vector<std::int32_t> positions{7};
  const Tensor even = sinusoids(positions, 4, Sines::kFirstHalf), odd = sinusoids(positions, 5, Sines::kFirstHalf);
  const double second = 7 / std::pow(10000.0, 2.0 / 5), third = 7 / std::pow(10000.0, 4.0 / 5);
  const double wanted[] = {std::sin(7.0), std::sin(0.07), std::cos(7.0), std::cos(0.07)},
               wanted_odd[] = {std::sin(7.0), std::sin(second), std::sin(third), std::cos(7.0), std::cos(second)};
  for (std::size_t i = 0; i < 4; ++i) EXPECT_NEAR(even.data<float>()[i], wanted[i], 1e-7) << i;
  for (std::size_t i = 0; i < 5; ++i) EXPECT_NEAR(odd.data<float>()[i], wanted_odd[i], 1e-7) << i;
}

}  // namespace
}  // namespace linnet::nn
