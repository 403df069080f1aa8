#include "tests/ops/gradient_check.h"

namespace linnet {
namespace {

using namespace testing;

const Tensor kThree = Tensor::from(std::vector<float>{1, 2, 3, 4, 5, 6}, {3, 2});

TEST(Rows, Gather) {
  const std::vector<std::int32_t> rows{2, 0, 2};
  EXPECT_EQ(values_of(gather_rows(kThree, rows)), (std::vector<float>{5, 6, 1, 2, 5, 6}));
  check_gradients([&](const auto& in) { return gather_rows(in[0], rows); }, {random_tensor({3, 4}, 1)});
  const std::int32_t outside[] = {3};
  expect_refused([&] { gather_rows(kThree, outside); }, {"gather_rows", "3"});
}

TEST(Rows, GatherTwiceFromTheSame) {
  const std::vector<std::int32_t> first{2, 0}, second{2, 1};
  check_gradients([&](const auto& in) { return multiply(gather_rows(in[0], first), gather_rows(in[0], second)); },
                  {random_tensor({3, 4}, 1)});
}

TEST(Rows, Interleave) {
  const Tensor other = Tensor::from(std::vector<float>{7, 8}, {1, 2});
  const std::vector<std::pair<std::int32_t, std::int32_t>> rows{{1, 0}, {0, 2}, {1, 0}, {0, 0}};
  EXPECT_EQ(values_of(interleave_rows({kThree, other}, rows)), (std::vector<float>{7, 8, 5, 6, 7, 8, 1, 2}));
  check_gradients(
      [&](const auto& in) {
        return interleave_rows({in[0], in[1]}, rows);
      },
      {random_tensor({3, 4}, 1), random_tensor({1, 4}, 2)});
  std::vector<Tensor> one{random_tensor({3, 4}, 1), random_tensor({1, 4}, 2)};
  one[1].set_requires_grad();
  check_gradients([&](const auto& in) { return interleave_rows({in[0], in[1]}, rows); }, one);
  expect_refused([&] { interleave_rows({kThree}, rows); }, {"interleave_rows", "source 1"});
}

TEST(Rows, InterleaveASourceTwice) {
  const std::vector<std::pair<std::int32_t, std::int32_t>> rows{{1, 0}, {0, 2}, {0, 0}};
  check_gradients([&](const auto& in) { return interleave_rows({in[0], in[0]}, rows); }, {random_tensor({3, 4}, 1)});
}

TEST(Rows, Mean) {
  const std::vector<std::int32_t> starts{0, 2, 3};
  EXPECT_EQ(values_of(mean_rows(kThree, starts)), (std::vector<float>{2, 3, 5, 6}));
  check_gradients([&](const auto& in) { return mean_rows(in[0], starts); }, {random_tensor({3, 4}, 1)});
  const std::int32_t empty[] = {0, 0, 3}, outside[] = {0, 4};
  expect_refused([&] { mean_rows(kThree, empty); }, {"mean_rows", "empty"});
  expect_refused([&] { mean_rows(kThree, outside); }, {"mean_rows", "3 rows"});
}

TEST(Rows, Max) {
  const std::vector<std::int32_t> starts{0, 2, 3};
  const Tensor x = Tensor::from(std::vector<float>{1, 4, 3, 2, -5, -6}, {3, 2});
  EXPECT_EQ(values_of(max_rows(x, starts)), (std::vector<float>{3, 4, -5, -6}));
  check_gradients([&](const auto& in) { return max_rows(in[0], starts); }, {random_tensor({3, 4}, 1)});
  const std::int32_t empty[] = {0, 0, 3}, outside[] = {0, 4};
  expect_refused([&] { max_rows(kThree, empty); }, {"max_rows", "empty"});
  expect_refused([&] { max_rows(kThree, outside); }, {"max_rows", "3 rows"});
}

}  // namespace
}  // namespace linnet
