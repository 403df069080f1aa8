#include "tests/ops/gradient_check.h"

namespace linnet {
namespace {

using namespace testing;

TEST(Losses, MeanSquaredError) {
  const Tensor x = Tensor::from(std::vector<float>{1, 2}, {2, 1}),
               target = Tensor::from(std::vector<float>{3, 5}, {2, 1});
  EXPECT_FLOAT_EQ(mean_squared_error(x, target).data<float>()[0], 6.5f);
  const Tensor wanted = random_tensor({3, 2}, 2);
  check_gradients([&](const auto& in) { return mean_squared_error(in[0], wanted); }, {random_tensor({3, 2}, 1)});
  expect_refused([&] { mean_squared_error(x, wanted); }, {"mean_squared_error"});
}

TEST(Losses, BinaryCrossEntropy) {
  const Tensor x = Tensor::from(std::vector<float>{0, 200, -200}, {1, 3}),
               target = Tensor::from(std::vector<float>{1, 1, 1}, {1, 3});
  EXPECT_NEAR(binary_cross_entropy(x, target).data<float>()[0], (std::log(2.0) + 0 + 200) / 3, 1e-4);
  Tensor wanted = random_tensor({3, 2}, 2);
  for (float& value : wanted.data<float>()) value = value > 0 ? 1 : 0.25f;
  check_gradients([&](const auto& in) { return binary_cross_entropy(in[0], wanted); }, {random_tensor({3, 2}, 1)});
  expect_refused([&] { binary_cross_entropy(x, wanted); }, {"binary_cross_entropy"});
}

}  // namespace
}  // namespace linnet
