#include "tests/ops/gradient_check.h"

namespace linnet {
namespace {

using namespace testing;

TEST(Dropout, ZeroGivesXBack) {
  const Tensor x = random_tensor({3, 4}, 1);
  EXPECT_TRUE(dropout(x, 0, {}).same(x));
}

TEST(Dropout, KeepsTheShareAndTheMean) {
  Tensor x = Tensor::empty({100, 101});
  for (float& value : x.data<float>()) value = 1;
  const auto y = values_of(dropout(x, 0.3f, {7, 8}));
  double kept = 0;
  for (const float value : y) {
    EXPECT_TRUE(value == 0 || value == 1 / 0.7f) << value;
    kept += value != 0;
  }
  EXPECT_NEAR(kept / 10100, 0.7, 0.015);  // three deviations of a binomial
}

TEST(Dropout, TheKeyDecides) {
  const Tensor x = random_tensor({10, 11}, 1);
  EXPECT_EQ(values_of(dropout(x, 0.5f, {1, 2})), values_of(dropout(x, 0.5f, {1, 2})));
  EXPECT_NE(values_of(dropout(x, 0.5f, {1, 2})), values_of(dropout(x, 0.5f, {1, 3})));
}

TEST(Dropout, Gradient) {
  check_gradients([](const auto& in) { return dropout(in[0], 0.4f, {3, 4}); }, {random_tensor({5, 7}, 1)});
}

TEST(Dropout, RefusesWhatIsNoShare) {
  expect_refused([] { dropout(random_tensor({2, 2}, 1), 1.0f, {}); }, {"dropout", "1"});
  expect_refused([] { dropout(random_tensor({2, 2}, 1), -0.1f, {}); }, {"dropout"});
}

}  // namespace
}  // namespace linnet
