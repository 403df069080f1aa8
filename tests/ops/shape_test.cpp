#include "tests/ops/gradient_check.h"

namespace linnet {
namespace {

using namespace testing;

TEST(Shape, ViewsShareTheirValues) {
  const Tensor x = random_tensor({4, 6}, 1);
  EXPECT_EQ(reshape(x, {2, 12}).raw(), x.raw());
  EXPECT_EQ(slice_rows(x, 1, 3).raw(), x.raw() + 24);
  EXPECT_EQ(view_select(x, {4, 3, 1, 2}, 1, 2).raw(), x.raw() + 16);
  EXPECT_EQ(view_slice(x, {4, 3, 2}, 1, 1, 3).raw(), x.raw() + 8);
}

TEST(Shape, Gradients) {
  const Tensor x = random_tensor({4, 6}, 1);
  check_gradients([](const auto& in) { return multiply(reshape(in[0], {2, 12}), reshape(in[0], {2, 12})); }, {x});
  check_gradients([](const auto& in) { return slice_rows(in[0], 1, 3); }, {x});
  check_gradients([](const auto& in) { return multiply(slice_rows(in[0], 0, 3), slice_rows(in[0], 1, 4)); }, {x});
}

TEST(Shape, PartsOfAFusedProjection) {  // [3, H, D] and [H, 3, D], each part its own factor
  for (const int dim : {1, 2}) {
    const Shape shape = dim == 1 ? Shape{2, 3, 2, 4} : Shape{2, 2, 3, 4};
    const auto part = [=](const Tensor& x, std::int64_t i) { return contiguous(view_select(x, shape, dim, i)); };
    check_gradients(
        [=](const auto& in) { return multiply(part(in[0], 0), add(part(in[0], 1), scale(part(in[0], 2), 2))); },
        {random_tensor({2, 24}, 1)});
  }
}

TEST(Shape, UnequalPartsOfAFusedProjection) {  // 3 heads of queries, 1 of keys
  const auto part = [](const Tensor& x, std::int64_t begin, std::int64_t end) {
    return contiguous(view_slice(x, {2, 4, 2}, 1, begin, end));
  };
  EXPECT_EQ(part(random_tensor({2, 8}, 1), 0, 3).shape(), (Shape{2, 3, 2}));
  check_gradients(
      [=](const auto& in) {
        const Tensor q = part(in[0], 0, 3), k = part(in[0], 3, 4);
        return multiply(reshape(slice_rows(reshape(q, {6, 2}), 0, 2), {2, 1, 2}), k);
      },
      {random_tensor({2, 8}, 1)});
}

TEST(Shape, ManyRowsOfAFusedProjection) {  // more than one thread's share
  Tensor x = random_tensor({70, 6}, 1);
  x.set_requires_grad();
  const GradGuard on(true);
  backward(sum(contiguous(view_select(x, {70, 3, 1, 2}, 1, 1))));
  for (std::size_t i = 0; i < 420; ++i) ASSERT_EQ(x.grad().data<float>()[i], i / 2 % 3 == 1 ? 1 : 0) << i;
}

TEST(Shape, RefusesWhatDoesNotFit) {
  const Tensor x = random_tensor({4, 6}, 1);
  expect_refused([&] { reshape(x, {5, 5}); }, {"reshape"});
  expect_refused([&] { slice_rows(x, 3, 5); }, {"3..5"});
}

}  // namespace
}  // namespace linnet
