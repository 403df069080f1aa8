#include "linnet/nn/finite.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "linnet/backend/backend.h"
#include "linnet/tensor/blocks.h"

namespace linnet::nn {
namespace {

// NaN and infinity are found in every type of weights, at any position.
TEST(Finite, EveryTypeAndPlace) {
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
                          -std::numeric_limits<float>::infinity()})
    for (const std::size_t at : {std::size_t{0}, std::size_t{100}, std::size_t{3 * 64 - 1}}) {
      Tensor values = Tensor::zeros({3, 64});
      EXPECT_TRUE(all_finite(values));
      values.data<float>()[at] = bad;
      EXPECT_FALSE(all_finite(values)) << at;
      for (const DType type : {DType::kF16, DType::kBF16}) {
        Tensor narrow = Tensor::empty({3, 64}, type);
        backend(kCpu).from_float(values.data<float>().data(), type, narrow.raw(), 3, 64);
        EXPECT_FALSE(all_finite(narrow)) << info(type).name;
      }
    }
  EXPECT_TRUE(all_finite(Tensor()));
  EXPECT_TRUE(all_finite(Tensor::zeros({0, 4})));
  EXPECT_TRUE(all_finite(Tensor::from(std::vector<float>{std::numeric_limits<float>::max()}, {1})));
}

TEST(Finite, BlocksWithABadScale) {
  Tensor values = Tensor::zeros({2, 64});
  Tensor blocks = quantized(values, DType::kQ8_0);
  EXPECT_TRUE(all_finite(blocks));
  const std::uint16_t nan = 0x7e00;
  std::memcpy(blocks.raw() + 34, &nan, sizeof nan);
  EXPECT_FALSE(all_finite(blocks));
}

TEST(Finite, TheFirstOfAListIsNamed) {
  Tensor good = Tensor::zeros({2}), bad = Tensor::zeros({2});
  bad.data<float>()[1] = NAN;
  std::vector<Parameter> parameters;
  for (const auto& [name, value] : {std::pair("a", &good), std::pair("b", &bad), std::pair("c", &bad)})
    parameters.push_back({name, value, {2}, Role::kNorm, Part::kWeight});
  EXPECT_EQ(first_not_finite(parameters), "b");
  EXPECT_EQ(first_not_finite(std::span(parameters).first(1)), "");
}

}  // namespace
}  // namespace linnet::nn
