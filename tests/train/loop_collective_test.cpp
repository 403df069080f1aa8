#include <gtest/gtest.h>

#include "linnet/train/loop/collective.h"
#include "tests/train/parameter.h"
#include "tests/train/two_ranks.h"

namespace linnet {
namespace {

std::vector<float> values_of(const Tensor& tensor) {
  return {tensor.data<float>().begin(), tensor.data<float>().end()};
}
Tensor numbers(std::vector<float> values) { return Tensor::from(values, {static_cast<std::int64_t>(values.size())}); }

TEST(Collective, GradientsAreSummedOverRanksOnceATensor) {
  Tensor weight = numbers({1, 2}), without = numbers({3});
  weight.set_requires_grad();
  without.set_requires_grad();
  weight.set_grad(numbers({0.5f, -1}));
  TwoEqualRanks ranks;
  all_reduce_gradients(ranks, {parameter("a", weight), parameter("tied", weight), parameter("b", without)});
  EXPECT_EQ(values_of(weight.grad()), (std::vector<float>{1, -2}));
  EXPECT_EQ(values_of(without.grad()), (std::vector<float>{0}));
  EXPECT_EQ(ranks.calls, 2);
}

// Other ranks have other rows of a vocabulary.
TEST(Collective, KnownRowsOfAGradientAreForgotten) {
  Tensor table = numbers({1, 2});
  table.set_requires_grad();
  table.set_grad(numbers({0, 1}));
  table.grad_state()->rows = std::vector<std::int32_t>{1};
  OneRank alone;
  all_reduce_gradients(alone, {parameter("table", table)});
  EXPECT_TRUE(table.grad_state()->rows.has_value());
  TwoEqualRanks ranks;
  all_reduce_gradients(ranks, {parameter("table", table)});
  EXPECT_FALSE(table.grad_state()->rows.has_value());
}

TEST(Collective, NumbersAreSummed) {
  double counts[] = {3, 0.25};
  OneRank alone;
  all_reduce_numbers(alone, counts);
  EXPECT_EQ(counts[0], 3);
  TwoEqualRanks ranks;
  all_reduce_numbers(ranks, counts);
  EXPECT_EQ(counts[0], 6);
  EXPECT_EQ(counts[1], 0.5);
}

}  // namespace
}  // namespace linnet
