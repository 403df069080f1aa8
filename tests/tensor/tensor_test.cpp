#include "linnet/tensor/tensor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <new>
#include <numeric>

#include "linnet/base/error.h"

namespace linnet {
namespace {

using ::testing::ElementsAre;

// 0, 1, 2 … in a shape.
Tensor counted(const Shape& shape) {
  Tensor t = Tensor::empty(shape);
  std::iota(t.data<float>().begin(), t.data<float>().end(), 0.0F);
  return t;
}
float at(const Tensor& t, std::int64_t a, std::int64_t b, std::int64_t c) {
  return reinterpret_cast<const float*>(t.raw())[a * t.stride(0) + b * t.stride(1) + c * t.stride(2)];
}

TEST(Tensor, KnowsItsSizes) {
  const Tensor t = counted({2, 3, 4});
  EXPECT_EQ(t.rank(), 3);
  EXPECT_EQ(t.numel(), 24);
  EXPECT_EQ(t.bytes(), 96U);
  EXPECT_EQ(t.size(-1), 4);
  EXPECT_EQ(t.stride(0), 12);
  EXPECT_TRUE(t.contiguous());
  EXPECT_EQ(to_string(t.shape()), "[2, 3, 4]");
  EXPECT_THROW(t.size(3), Error);
  EXPECT_THROW(t.size(-4), Error);
  EXPECT_FALSE(Tensor());
  EXPECT_EQ(Tensor::empty({}).numel(), 1);
  EXPECT_EQ(Tensor::empty({0, 5}).numel(), 0);
}

TEST(Tensor, ViewsShareTheirValues) {
  const Tensor t = counted({2, 3, 4});
  const Tensor turned = t.transpose(0, 2), middle = t.slice(1, 1, 3), row = t.select(1, 2);
  EXPECT_EQ(turned.shape(), (Shape{4, 3, 2}));
  EXPECT_EQ(at(turned, 3, 1, 1), at(t, 1, 1, 3));
  EXPECT_FALSE(turned.contiguous());
  EXPECT_EQ(middle.shape(), (Shape{2, 2, 4}));
  EXPECT_EQ(at(middle, 1, 0, 2), at(t, 1, 1, 2));
  EXPECT_EQ(row.shape(), (Shape{2, 4}));
  EXPECT_EQ(reinterpret_cast<const float*>(row.raw())[row.stride(0) + 3], at(t, 1, 2, 3));
  t.data<float>()[13] = -1;  // (1, 0, 1)
  EXPECT_EQ(at(turned, 1, 0, 1), -1);
}

TEST(Tensor, ReshapeInfersOneSize) {
  const Tensor t = counted({2, 6});
  EXPECT_EQ(t.reshape({3, -1}).shape(), (Shape{3, 4}));
  EXPECT_EQ(t.reshape({-1}).shape(), (Shape{12}));
  EXPECT_THROW(t.reshape({5, -1}), Error);
  EXPECT_THROW(t.reshape({13}), Error);
  EXPECT_THROW(t.transpose(0, 1).reshape({12}), Error);
  EXPECT_EQ(Tensor::empty({0, 3}).reshape({-1, 3}).shape(), (Shape{0, 3}));
}

TEST(Tensor, RowsOfAMatrixAreContiguousColumnsAreNot) {
  const Tensor t = counted({3, 4});
  EXPECT_THAT(t.slice(0, 1, 2).data<float>(), ElementsAre(4, 5, 6, 7));
  EXPECT_THROW(t.slice(1, 0, 2).data<float>(), Error);
  EXPECT_THROW(t.slice(0, 2, 4), Error);
  EXPECT_THROW(t.slice(0, 2, 1), Error);
  EXPECT_THROW(t.slice(0, -1, 1), Error);
  EXPECT_TRUE(t.slice(1, 0, 1).slice(0, 0, 1).contiguous());
}

TEST(Tensor, ValuesAreAskedForByTheirType) {
  const std::vector<std::int32_t> ids{3, 1};
  EXPECT_THAT(Tensor::from(ids).data<std::int32_t>(), ElementsAre(3, 1));
  EXPECT_THROW(Tensor::from(ids).data<float>(), Error);
  EXPECT_THROW(Tensor().data<float>(), Error);
  EXPECT_THROW(Tensor::from(std::vector<float>{1, 2, 3}, {2}), Error);
  EXPECT_THAT(Tensor::zeros({2}, DType::kI64).data<std::int64_t>(), ElementsAre(0, 0));
}

TEST(Tensor, BlocksFillRowsAndAreCutBetweenThem) {
  const Tensor t = Tensor::zeros({4, 64}, DType::kQ8_0);
  EXPECT_EQ(t.bytes(), 4U * 2 * 34);
  EXPECT_EQ(t.slice(0, 1, 3).raw() - t.raw(), 68);
  EXPECT_THROW(t.slice(1, 0, 32), Error);
  EXPECT_THROW(t.transpose(0, 1), Error);
  EXPECT_THROW(Tensor::empty({4, 33}, DType::kQ8_0), Error);
  EXPECT_THROW(Tensor::empty({}, DType::kQ8_0), Error);
}

TEST(Tensor, SizesThatOverflowAreRefused) {
  EXPECT_THROW(Tensor::empty({INT64_MAX, 2}), Error);
  EXPECT_THROW(Tensor::empty({INT64_MAX / 2}), std::bad_alloc);  // an int64, but more than any machine has
  EXPECT_THROW(Tensor::empty({2, -1}), Error);
}

TEST(Tensor, LiesOverABytesRange) {
  const auto storage = Storage::allocate(32);
  for (int i = 0; i < 8; ++i) reinterpret_cast<float*>(storage->data())[i] = static_cast<float>(i);
  EXPECT_THAT(Tensor::over(storage, 8, {2, 2}, DType::kF32).data<float>(), ElementsAre(2, 3, 4, 5));
  EXPECT_NO_THROW(Tensor::over(storage, 32, {0}, DType::kF32));
  EXPECT_THROW(Tensor::over(storage, 20, {2, 2}, DType::kF32), Error);
  EXPECT_THROW(Tensor::over(storage, 40, {0}, DType::kF32), Error);
}

TEST(Tensor, HandlesAreTheSameTensorDetachedOnesAreNot) {
  Tensor t = counted({2});
  EXPECT_TRUE(t.unique());
  const Tensor same = t, apart = t.detach();
  EXPECT_FALSE(t.unique());
  EXPECT_TRUE(t.same(same));
  EXPECT_FALSE(t.same(apart));
  EXPECT_EQ(apart.raw(), t.raw());
  t.set_requires_grad();
  EXPECT_TRUE(same.requires_grad());
  EXPECT_FALSE(apart.requires_grad());
  t.set_grad(counted({2}));
  EXPECT_TRUE(same.grad());
  EXPECT_FALSE(apart.grad());
  t.set_requires_grad(false);
  EXPECT_FALSE(same.requires_grad());
}

TEST(DTypeNames, AreFoundBothWays) {
  for (std::size_t i = 0; i < kDTypes.size(); ++i) EXPECT_EQ(dtype_named(kDTypes[i].name), static_cast<DType>(i));
  EXPECT_EQ(dtype_named("Q2_K"), std::nullopt);
  EXPECT_EQ(row_bytes(DType::kQ6_K, 512), 420U);
}

}  // namespace
}  // namespace linnet
