// The products that oneDNN makes: plain f32 matrices (training), and bf16 where the processor multiplies it.
// The only files that know oneDNN are this one's source; without it (ThreadSanitizer) our own product stands in.
#pragma once

#include <cstdint>

#include "linnet/backend/cpu/gemm.h"

namespace linnet::cpu {

struct PlainProduct {  // c[m, n] = alpha op(a) op(b) + beta c, row-major
  bool transpose_a, transpose_b;
  std::int64_t m, n, k;
  float alpha;
  const float* a;
  std::int64_t lda;
  const float* b;
  std::int64_t ldb;
  float beta;
  float* c;
  std::int64_t ldc;
};
void multiply_plain(const PlainProduct& product);
// The same with both matrices rounded to bf16 on the way (mixed-precision training); false where that is not worth it
// or oneDNN has nothing fast, and nothing was done.
bool multiply_plain_bf16(const PlainProduct& product);

// Whether products of bf16 are worth rounding x to bf16 for (AVX-512 BF16 here and in oneDNN).
bool bf16_products();
// y = x W^T for a packed f32 weight, bf16(x) W^T for a bf16 one; false when oneDNN has nothing fast for it, and nothing
// was done.
bool multiply_onednn(const Product& product, const PackedMatrix& weight);

const char* onednn_version();  // "oneDNN 2.6.3", or "none"

}  // namespace linnet::cpu
