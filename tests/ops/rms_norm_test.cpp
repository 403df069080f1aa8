#include "tests/ops/gradient_check.h"

namespace linnet {
namespace {

using namespace testing;

TEST(RmsNorm, Values) {
  const Tensor x = Tensor::from(std::vector<float>{3, 4}, {1, 2}),
               weight = Tensor::from(std::vector<float>{1, 10}, {2});
  const auto y = values_of(rms_norm(x, weight, 0));  // root mean square sqrt(12.5)
  EXPECT_NEAR(y[0], 3 / std::sqrt(12.5), 1e-6);
  EXPECT_NEAR(y[1], 40 / std::sqrt(12.5), 1e-5);
  EXPECT_NEAR(values_of(rms_norm(x, weight, 0, 1))[1], 44 / std::sqrt(12.5), 1e-5);
}

TEST(RmsNorm, Gradients) {
  const Fn fn = [](const auto& in) { return rms_norm(in[0], in[1], 1e-5f); };
  check_gradients(fn, {random_tensor({3, 7}, 1), random_tensor({7}, 2)});
  check_gradients([](const auto& in) { return rms_norm(in[0], in[1], 1e-5f, 1); },
                  {random_tensor({3, 7}, 1), random_tensor({7}, 2)});
  for (const std::size_t only : {0u, 1u}) {
    std::vector<Tensor> inputs{random_tensor({3, 7}, 1), random_tensor({7}, 2)};
    inputs[only].set_requires_grad();
    check_gradients(fn, inputs);
  }
}

TEST(RmsNorm, SizesThatDoNotFit) {
  expect_refused([] { rms_norm(random_tensor({2, 3}, 1), random_tensor({4}, 2), 0); }, {"rms_norm", "4", "3"});
}

}  // namespace
}  // namespace linnet
