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

TEST(HeadScores, AreTheProductsOfEveryHead) {
  const Tensor x = random_tensor({5, 2, 3}, 1), table = random_tensor({4, 2, 3}, 2), c = head_scores(x, table);
  ASSERT_EQ(c.shape(), (Shape{2, 5, 4}));
  const auto a = values_of(x), b = values_of(table), found = values_of(c);
  for (std::size_t h = 0; h < 2; ++h)
    for (std::size_t r = 0; r < 5; ++r)
      for (std::size_t n = 0; n < 4; ++n) {
        float wanted = 0;
        for (std::size_t d = 0; d < 3; ++d) wanted += a[(r * 2 + h) * 3 + d] * b[(n * 2 + h) * 3 + d];
        EXPECT_NEAR(found[(h * 5 + r) * 4 + n], wanted, 1e-6);
      }
}

TEST(HeadScores, GradientsAlsoOfStridedRows) {
  check_gradients([](const auto& in) { return head_scores(in[0], in[1]); },
                  {random_tensor({3, 2, 4}, 1), random_tensor({5, 2, 4}, 2)});
  check_gradients(
      [](const auto& in) {
        return head_scores(view_select(in[0], {3, 2, 2, 4}, 1, 1), in[1]);
      },
      {random_tensor({3, 16}, 3), random_tensor({2, 2, 4}, 4)});
}

TEST(HeadScores, SizesThatDoNotFit) {
  expect_refused(
      [] {
        head_scores(random_tensor({2, 2, 3}, 1), random_tensor({2, 3, 2}, 2));
      },
      {"head_scores", "[2, 2, 3]"});
}

}  // namespace
}  // namespace linnet
