// The products that oneDNN makes: plain f32 matrices, and packed bf16 weights where the processor multiplies bf16.
// The only files that know oneDNN are this one's source; without it (ThreadSanitizer) our own product stands in.
#pragma once

#include <cstdint>

#include "linnet/backend/cpu/gemm.h"
#include "linnet/backend/cpu/gemm_plain.h"

namespace linnet::cpu {

// c of a plain f32 product; false where oneDNN is not there, and nothing was done.
bool multiply_plain_onednn(const PlainProduct& product);

// Whether products of bf16 are worth rounding x to bf16 for (AVX-512 BF16 here and in oneDNN).
bool bf16_products();
// bf16(x) W^T for a packed bf16 weight; false when oneDNN has nothing fast for it, and nothing was done.
bool multiply_onednn(const Product& product, const PackedMatrix& weight);

const char* onednn_version();  // "oneDNN 2.6.3", or "none"

}  // namespace linnet::cpu
