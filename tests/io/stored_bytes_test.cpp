#include "linnet/io/stored_bytes.h"

#include <gtest/gtest.h>

namespace linnet {
namespace {

TEST(StoredBytes, AreThoseOfTheValues) {
  EXPECT_EQ(stored_bytes(DType::kF32, {3, 5}, 60), 60u);
  EXPECT_EQ(stored_bytes(DType::kF32, {}, 4), 4u);
  EXPECT_EQ(stored_bytes(DType::kQ8_0, {2, 64}, 136), 136u);
  EXPECT_EQ(stored_bytes(DType::kF32, {0, 768}, 100), 0u);
}

// Dimensions next to a 0 are limited like others.
TEST(StoredBytes, DimensionsBesideAZeroAreBounded) {
  EXPECT_FALSE(stored_bytes(DType::kF32, {std::int64_t{1} << 40, 0}, 100));
  EXPECT_FALSE(stored_bytes(DType::kF32, {0, std::int64_t{1} << 40}, 100));
  EXPECT_FALSE(stored_bytes(DType::kF32, {std::int64_t{1} << 20, 0, std::int64_t{1} << 20}, 100));
  EXPECT_TRUE(stored_bytes(DType::kF32, {std::int64_t{1} << 30, 0}, std::size_t{1} << 31));  // no more than the file
}

TEST(StoredBytes, ProductsDoNotWrap) {
  EXPECT_FALSE(stored_bytes(DType::kU8, {INT64_MAX, 2}, SIZE_MAX));
  EXPECT_FALSE(stored_bytes(DType::kF64, {INT64_MAX / 4}, SIZE_MAX));
  EXPECT_FALSE(stored_bytes(DType::kU8, {0, INT64_MAX, INT64_MAX}, SIZE_MAX));
  EXPECT_FALSE(stored_bytes(DType::kU8, {-1, 4}, 100));
}

}  // namespace
}  // namespace linnet
