#include "tests/ops/gradient_check.h"

namespace linnet {
namespace {

using namespace testing;

TEST(LayerNorm, Values) {
  const Tensor x = Tensor::from(std::vector<float>{1, 3, 5, 7}, {1, 4}),
               one = Tensor::from(std::vector<float>{1, 1, 1, 2}, {4}),
               bias = Tensor::from(std::vector<float>{0, 0, 1, 0}, {4});
  const auto y = values_of(layer_norm(x, one, bias, 0));  // mean 4, deviation sqrt(5)
  const float unit = 1 / std::sqrt(5.0f);
  EXPECT_NEAR(y[0], -3 * unit, 1e-6);
  EXPECT_NEAR(y[2], 1 + unit, 1e-6);
  EXPECT_NEAR(y[3], 6 * unit, 1e-6);
  EXPECT_NEAR(values_of(layer_norm(x, one, {}, 0))[2], unit, 1e-6);
}

TEST(LayerNorm, Gradients) {
  const Fn fn = [](const auto& in) { return layer_norm(in[0], in[1], in[2], 1e-5f); };
  check_gradients(fn, {random_tensor({3, 7}, 1), random_tensor({7}, 2), random_tensor({7}, 3)});
  std::vector<Tensor> frozen{random_tensor({3, 7}, 1), random_tensor({7}, 2), random_tensor({7}, 3)};
  frozen[0].set_requires_grad();
  check_gradients(fn, frozen);
  check_gradients([](const auto& in) { return layer_norm(in[0], in[1], {}, 1e-5f); },
                  {random_tensor({3, 7}, 1), random_tensor({7}, 2)});
}

TEST(LayerNorm, SizesThatDoNotFit) {
  expect_refused(
      [] {
        layer_norm(random_tensor({2, 3}, 1), random_tensor({4}, 2), random_tensor({3}, 3), 0);
      },
      {"layer_norm", "4", "3"});
}

}  // namespace
}  // namespace linnet
