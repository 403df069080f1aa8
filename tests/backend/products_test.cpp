// The reference's products against hand-computed values; other backends are tested against the reference.
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "linnet/backend/backend.h"
#include "linnet/tensor/half.h"

namespace linnet {
namespace {

using Floats = std::vector<float>;

TEST(ReferenceProducts, LinearWithStridesBiasAndSum) {
  const Floats x{1, 2, -9, 3, 4, -9}, weight{1, 0, 0, 1, 1, 1}, bias{10, 20, 30};
  Floats y{1, 1, 1, 7, 2, 2, 2, 7};
  const WeightView view{weight.data(), DType::kF32, 3, 2, WeightLayout::kOutIn, nullptr, false};
  make_reference_backend()->linear({x.data(), 3, 2, view, bias.data(), y.data(), 4, true, Precision::kF32});
  EXPECT_EQ(y, (Floats{12, 23, 34, 7, 15, 26, 39, 7}));
}

TEST(ReferenceProducts, WeightsInOutAndOfHalfPrecision) {
  const std::uint16_t weight[] = {float_to_half(1), float_to_half(2), float_to_half(3), float_to_half(4)};  // [in][out]
  const Floats x{1, 10};
  Floats y(2), dx(2);
  const WeightView view{weight, DType::kF16, 2, 2, WeightLayout::kInOut, nullptr, false};
  const auto reference = make_reference_backend();
  reference->linear({x.data(), 2, 1, view, nullptr, y.data(), 2, false, Precision::kF32});
  EXPECT_EQ(y, (Floats{31, 42}));
  reference->linear_grad_input({x.data(), 2, 1, view, dx.data(), 2, false, Precision::kF32});
  EXPECT_EQ(dx, (Floats{21, 43}));
}

TEST(ReferenceProducts, GradientOfTheWeight) {
  const Floats dy{1, 2, 3, 4}, x{5, 6, 7, 8};
  Floats dw(4), turned(4), dbias{100, 100};
  const auto reference = make_reference_backend();
  reference->linear_grad_weight(
      {dy.data(), x.data(), 2, 2, 2, 2, 2, WeightLayout::kOutIn, dw.data(), nullptr, false, Precision::kF32});
  EXPECT_EQ(dw, (Floats{26, 30, 38, 44}));
  reference->linear_grad_weight(
      {dy.data(), x.data(), 2, 2, 2, 2, 2, WeightLayout::kInOut, turned.data(), dbias.data(), true, Precision::kF32});
  EXPECT_EQ(turned, (Floats{26, 38, 30, 44}));
  EXPECT_EQ(dbias, (Floats{104, 106}));
}

TEST(ReferenceProducts, GemmTurnsAndScales) {
  const Floats a{1, 2, 3, 4}, b{5, 6, 7, 8};
  Floats c{1, 1, 1, 1};
  const auto reference = make_reference_backend();
  reference->gemm({a.data(), b.data(), c.data(), 2, 2, 2, 2, 2, 2, true, false, 2, 10, 1, 0, 0, 0});
  EXPECT_EQ(c, (Floats{62, 70, 86, 98}));  // 2 a^T b + 10
  c = {NAN, NAN, NAN, NAN};
  reference->gemm(
      {a.data(), b.data(), c.data(), 2, 2, 2, 2, 2, 2, false, true, 1, 0, 1, 0, 0, 0});  // beta 0 reads nothing
  EXPECT_EQ(c, (Floats{17, 23, 39, 53}));
}

}  // namespace
}  // namespace linnet
