#include "tests/ops/gradient_check.h"

namespace linnet {
namespace {

using namespace testing;

TEST(Contiguous, RowMajorGivesTheTensorItself) {
  const Tensor x = random_tensor({2, 3}, 1);
  EXPECT_TRUE(contiguous(x).same(x));
}

TEST(Contiguous, CopiesViewsInOrder) {
  const Tensor x = Tensor::from(std::vector<float>{1, 2, 3, 4, 5, 6}, {2, 3});
  EXPECT_EQ(values_of(contiguous(x.transpose(0, 1))), (std::vector<float>{1, 4, 2, 5, 3, 6}));
  EXPECT_EQ(values_of(contiguous(x.slice(1, 1, 3))), (std::vector<float>{2, 3, 5, 6}));
}

TEST(Contiguous, Gradient) {
  check_gradients(
      [](const auto& in) {
        return contiguous(view_select(in[0], {2, 2, 1, 3}, 1, 1));
      },
      {random_tensor({2, 6}, 1)});
}

}  // namespace
}  // namespace linnet
