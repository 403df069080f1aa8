#include "tests/ops/gradient_check.h"

namespace linnet {
namespace {

using namespace testing;

constexpr Activation kAll[] = {Activation::kIdentity, Activation::kRelu, Activation::kGelu,   Activation::kGeluTanh,
                               Activation::kSilu,     Activation::kTanh, Activation::kSigmoid};

// No values within a step of zero, where relu has no derivative.
Tensor away_from_zero(std::uint64_t seed) {
  Tensor x = random_tensor({4, 5}, seed);
  for (float& value : x.data<float>())
    if (std::fabs(value) < 0.05f) value += 0.1f;
  return x;
}

TEST(Activation, Values) {  // from the definitions, in high precision
  const Tensor x = Tensor::from(std::vector<float>{-1, 2}, {1, 2});
  const std::pair<Activation, std::array<double, 2>> expected[] = {
      {Activation::kRelu, {0, 2}},
      {Activation::kGelu, {-0.15865525393145707, 1.9544997361036416}},
      {Activation::kGeluTanh, {-0.15880800939172324, 1.9545976940877750}},
      {Activation::kSilu, {-0.26894142136999512, 1.7615941559557649}},
      {Activation::kTanh, {-0.76159415595576489, 0.96402758007581688}},
      {Activation::kSigmoid, {0.26894142136999512, 0.88079707797788244}}};
  for (const auto& [kind, wanted] : expected) {
    const auto y = values_of(activation(x, kind));
    EXPECT_NEAR(y[0], wanted[0], 1e-6) << static_cast<int>(kind);
    EXPECT_NEAR(y[1], wanted[1], 1e-6) << static_cast<int>(kind);
  }
}

TEST(Activation, Gradients) {
  for (const Activation kind : kAll)
    check_gradients([=](const auto& in) { return activation(in[0], kind); }, {away_from_zero(1)});
}

TEST(Activation, GatedGradients) {
  for (const Activation kind : kAll)
    check_gradients([=](const auto& in) { return gated_activation(in[0], in[1], kind); },
                    {away_from_zero(1), random_tensor({4, 5}, 2)});
}

TEST(Activation, GatedSizesThatDoNotFit) {
  expect_refused(
      [] {
        gated_activation(random_tensor({2, 3}, 1), random_tensor({2, 4}, 2), Activation::kSilu);
      },
      {"gated_activation", "[2, 3]", "[2, 4]"});
}

}  // namespace
}  // namespace linnet
