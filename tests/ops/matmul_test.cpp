#include "tests/ops/gradient_check.h"

namespace linnet {
namespace {

using namespace testing;

TEST(Matmul, IsTheProduct) {
  const Tensor a = Tensor::from(std::vector<float>{1, 2, 3, 4, 5, 6}, {2, 3}),
               b = Tensor::from(std::vector<float>{1, 0, 2, 1, 0, 1}, {3, 2});
  EXPECT_EQ(values_of(matmul(a, b)), (std::vector<float>{5, 5, 14, 11}));
}

TEST(Matmul, GradientsOfAllTurns) {
  for (const bool turn_a : {false, true})
    for (const bool turn_b : {false, true})
      check_gradients(
          [=](const auto& in) { return matmul(in[0], in[1], turn_a, turn_b); },
          {random_tensor(turn_a ? Shape{3, 2} : Shape{2, 3}, 1), random_tensor(turn_b ? Shape{4, 3} : Shape{3, 4}, 2)});
}

TEST(Matmul, OfATensorWithItself) {
  check_gradients([](const auto& in) { return matmul(in[0], in[0]); }, {random_tensor({3, 3}, 1)});
  check_gradients([](const auto& in) { return matmul(in[0], in[0], false, true); }, {random_tensor({2, 3}, 1)});
}

TEST(Matmul, SizesThatDoNotFit) {
  expect_refused([] { matmul(random_tensor({2, 3}, 1), random_tensor({2, 3}, 2)); }, {"matmul", "[2, 3]"});
}

}  // namespace
}  // namespace linnet
