#include "tests/ops/gradient_check.h"

namespace linnet {
namespace {

using namespace testing;

RotaryTable table_of(std::int64_t positions, std::int64_t half) {
  RotaryTable table{Tensor::empty({positions, half}), Tensor::empty({positions, half})};
  for (std::int64_t p = 0; p < positions; ++p)
    for (std::int64_t i = 0; i < half; ++i) {
      const double angle =
          static_cast<double>(p) * std::pow(100.0, -static_cast<double>(i) / static_cast<double>(half));
      table.cosine.data<float>()[static_cast<std::size_t>(p * half + i)] = static_cast<float>(std::cos(angle));
      table.sine.data<float>()[static_cast<std::size_t>(p * half + i)] = static_cast<float>(std::sin(angle));
    }
  return table;
}

TEST(Rotary, TurnsPairsOfHalves) {
  const RotaryTable table = table_of(3, 2);
  const Tensor x = Tensor::from(std::vector<float>{1, 0, 0, 1}, {1, 1, 4});
  const std::int32_t position[] = {1};
  const auto y = values_of(rotary(x, table, position));
  EXPECT_NEAR(y[0], std::cos(1.0), 1e-6);
  EXPECT_NEAR(y[2], std::sin(1.0), 1e-6);
  EXPECT_NEAR(y[1], -std::sin(0.1), 1e-6);
  EXPECT_NEAR(y[3], std::cos(0.1), 1e-6);
}

TEST(Rotary, Gradients) {
  const std::vector<std::int32_t> positions{4, 0, 2};
  const RotaryTable all = table_of(5, 2), part = table_of(5, 1);
  check_gradients([&](const auto& in) { return rotary(in[0], all, positions); }, {random_tensor({3, 2, 4}, 1)});
  check_gradients([&](const auto& in) { return rotary(in[0], part, positions); }, {random_tensor({3, 2, 4}, 1)});
  check_gradients(
      [&](const auto& in) {
        return rotary(view_select(in[0], {3, 3, 2, 4}, 1, 1), all, positions);
      },
      {random_tensor({3, 24}, 1)});
}

TEST(Rotary, RefusesWhatDoesNotFit) {
  const RotaryTable table = table_of(3, 2);
  const std::int32_t outside[] = {3}, two[] = {0, 1};
  expect_refused([&] { rotary(random_tensor({1, 1, 4}, 1), table, outside); }, {"rotary", "position 3"});
  expect_refused([&] { rotary(random_tensor({1, 1, 4}, 1), table, two); }, {"rotary", "2 positions", "1 rows"});
  expect_refused([&] { rotary(random_tensor({1, 1, 2}, 1), table, {two, 1}); }, {"rotary", "4 dimensions"});
}

}  // namespace
}  // namespace linnet
