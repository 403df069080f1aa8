// Both kernels of plain products against sums in double: every transposition, unusual sizes, slices and ranges.
#include "linnet/backend/cpu/gemm_plain.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "linnet/base/rng.h"
#include "linnet/tensor/half.h"

namespace linnet::cpu {
namespace {

std::vector<float> random_matrix(std::int64_t values, std::uint64_t seed) {
  Rng rng(seed);
  std::vector<float> x(static_cast<std::size_t>(values));
  for (float& v : x) v = rng.normal();
  return x;
}

struct Sizes {
  std::int64_t m, n, k;
};

// `c` has three more columns than the product; they must not change.
void expect_product(const PlainKernel& kernel, bool rounds, bool transpose_a, bool transpose_b, float beta, Sizes s) {
  const std::int64_t lda = (transpose_a ? s.m : s.k) + 1, ldb = (transpose_b ? s.k : s.n) + 2, ldc = s.n + 3;
  std::vector<float> a = random_matrix((transpose_a ? s.k : s.m) * lda, 1),
                     b = random_matrix((transpose_b ? s.n : s.k) * ldb, 2);
  std::vector<float> c = random_matrix(s.m * ldc, 3);
  const std::vector<float> before = c;
  multiply_plain_with(
      kernel, {transpose_a, transpose_b, s.m, s.n, s.k, 1.0F, a.data(), lda, b.data(), ldb, beta, c.data(), ldc});
  if (rounds) {
    for (float& v : a) v = bfloat_to_float(float_to_bfloat(v));
    for (float& v : b) v = bfloat_to_float(float_to_bfloat(v));
  }
  for (std::int64_t i = 0; i < s.m; ++i) {
    for (std::int64_t j = 0; j < s.n; ++j) {
      double sum = beta == 0.0F ? 0.0 : static_cast<double>(before[static_cast<std::size_t>(i * ldc + j)]);
      for (std::int64_t k = 0; k < s.k; ++k)
        sum += static_cast<double>(a[static_cast<std::size_t>(transpose_a ? k * lda + i : i * lda + k)]) *
               static_cast<double>(b[static_cast<std::size_t>(transpose_b ? j * ldb + k : k * ldb + j)]);
      ASSERT_NEAR(c[static_cast<std::size_t>(i * ldc + j)], sum, 2e-4 * std::sqrt(static_cast<double>(s.k)))
          << s.m << " x " << s.n << " x " << s.k << " at " << i << ", " << j;
    }
    for (std::int64_t j = s.n; j < ldc; ++j) {
      const auto at = static_cast<std::size_t>(i * ldc + j);
      ASSERT_EQ(c[at], before[at]) << "beside the product";
    }
  }
}

void expect_products(const PlainKernel& kernel, bool rounds) {
  for (const bool transpose_a : {false, true})
    for (const bool transpose_b : {false, true})
      for (const float beta : {0.0F, 1.0F})
        for (const Sizes& s : {Sizes{1, 1, 1},
                               {12, 32, 2},
                               {13, 33, 3},
                               {5, 70, 97},
                               {50, 31, 401},
                               {100, 129, 770},
                               {3100, 40, 7},
                               {20, 3200, 35}})
          expect_product(kernel, rounds, transpose_a, transpose_b, beta, s);
}

TEST(GemmPlain, F32) { expect_products(f32_kernel(), false); }

TEST(GemmPlain, Bf16) {
  if (bf16_kernel() == nullptr) GTEST_SKIP() << "the processor has no AVX-512 BF16";
  expect_products(*bf16_kernel(), true);
}

TEST(GemmPlain, AlphaAndBetaScale) {
  const std::vector<float> a{1, 2, 3, 4}, b{5, 6, 7, 8};
  std::vector<float> c{1, 1, 1, 1};
  multiply_plain({false, false, 2, 2, 2, 0.5F, a.data(), 2, b.data(), 2, 2.0F, c.data(), 2});
  EXPECT_EQ(c, (std::vector<float>{11.5F, 13, 23.5F, 27}));
  multiply_plain({false, false, 2, 2, 0, 1.0F, a.data(), 2, b.data(), 2, 0.0F, c.data(), 2});  // a sum of nothing
  EXPECT_EQ(c, (std::vector<float>{0, 0, 0, 0}));
}

}  // namespace
}  // namespace linnet::cpu
