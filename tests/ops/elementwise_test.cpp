#include "tests/ops/gradient_check.h"

namespace linnet {
namespace {

using namespace testing;

TEST(Elementwise, Values) {
  const Tensor a = Tensor::from(std::vector<float>{1, 2}, {1, 2}), b = Tensor::from(std::vector<float>{3, 5}, {1, 2});
  EXPECT_EQ(values_of(add(a, b)), (std::vector<float>{4, 7}));
  EXPECT_EQ(values_of(multiply(a, b)), (std::vector<float>{3, 10}));
  EXPECT_EQ(values_of(scale(a, -2)), (std::vector<float>{-2, -4}));
  EXPECT_EQ(values_of(sum(b)), (std::vector<float>{8}));
  EXPECT_NEAR(values_of(softcap(a, 4))[1], 4 * std::tanh(0.5), 1e-6);
}

TEST(Elementwise, Gradients) {
  const Tensor a = random_tensor({3, 4}, 1), b = random_tensor({3, 4}, 2);
  check_gradients([](const auto& in) { return add(in[0], in[1]); }, {a, b});
  check_gradients([](const auto& in) { return multiply(in[0], in[1]); }, {a, b});
  check_gradients([](const auto& in) { return scale(in[0], -1.5f); }, {a});
  check_gradients([](const auto& in) { return sum(in[0]); }, {a});
  check_gradients([](const auto& in) { return softcap(in[0], 0.7f); }, {a});
}

TEST(Elementwise, OneSideOnly) {
  for (const std::size_t only : {0u, 1u}) {
    std::vector<Tensor> inputs{random_tensor({3, 4}, 1), random_tensor({3, 4}, 2)};
    inputs[only].set_requires_grad();
    check_gradients([](const auto& in) { return multiply(in[0], in[1]); }, inputs);
    check_gradients([](const auto& in) { return add(in[0], in[1]); }, inputs);
  }
}

TEST(Elementwise, ATensorWithItself) {
  check_gradients([](const auto& in) { return add(in[0], in[0]); }, {random_tensor({3, 4}, 1)});
  check_gradients([](const auto& in) { return multiply(in[0], in[0]); }, {random_tensor({3, 4}, 1)});
  check_gradients([](const auto& in) { return add(add(in[0], in[0]), in[0]); }, {random_tensor({3, 4}, 1)});
}

TEST(Elementwise, LogSoftmaxSumsToOneAndHasNoGradient) {
  Tensor x = random_tensor({2, 5}, 1, 30);
  const auto y = values_of(log_softmax(x));
  for (std::size_t r = 0; r < 2; ++r) {
    double total = 0;
    for (std::size_t c = 0; c < 5; ++c) total += std::exp(static_cast<double>(y[r * 5 + c]));
    EXPECT_NEAR(total, 1, 1e-5);
  }
  x.set_requires_grad();
  const GradGuard on(true);
  expect_refused([&] { log_softmax(x); }, {"log_softmax", "no gradient"});
}

TEST(Elementwise, SizesThatDoNotFit) {
  expect_refused([] { add(random_tensor({2, 3}, 1), random_tensor({3, 2}, 2)); }, {"add", "[2, 3]", "[3, 2]"});
  expect_refused([] { multiply(random_tensor({2, 3}, 1), random_tensor({6}, 2)); }, {"multiply"});
}

}  // namespace
}  // namespace linnet
