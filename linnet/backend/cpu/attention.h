// Attention without a matrix of all scores: tiles of 64 keys with online softmax (Milakov and Gimelshein, "Online
// normalizer calculation for softmax", 2018; Dao et al., "FlashAttention", 2022). f32, but a bf16 cache is multiplied
// by bf16 queries and probabilities if the processor has such products; sums are f32.
#pragma once

#include <cstdint>

#include "linnet/backend/backend.h"

namespace linnet::cpu {

void attention(const AttentionArgs& args);
// Does not compute ddistance_bias; the reference does.
void attention_grad(const AttentionGradArgs& args);

// Factors 0 or 1 / (1 - p) for keys first … first + count of a query row (see AttentionArgs::dropout).
void dropout_factors(const AttentionArgs& args, std::int64_t row, std::int64_t head, std::int64_t first,
                     std::int64_t count, float* factors);

}  // namespace linnet::cpu
