// The places of a head's values in a block of the KV cache. f32: keys [head_dim][64], values [64][head_dim]. bf16: two
// neighbours of a sum are adjacent, for dot products of pairs: keys [head_dim / 2][64][2] (an odd last dimension:
// [64]), values [32][head_dim][2].
#pragma once

#include <cstdint>

#include "linnet/tensor/dtype.h"

namespace linnet {

inline constexpr std::int64_t kKvBlock = 64;  // positions

// Of dimension `d` at `position` of the block.
inline std::int64_t key_place(DType type, std::int64_t head_dim, std::int64_t position, std::int64_t d) {
  const bool paired = type == DType::kBF16 && d / 2 < head_dim / 2;
  return paired ? (d / 2 * kKvBlock + position) * 2 + d % 2 : d * kKvBlock + position;
}
inline std::int64_t value_place(DType type, std::int64_t head_dim, std::int64_t position, std::int64_t d) {
  return type == DType::kBF16 ? (position / 2 * head_dim + d) * 2 + position % 2 : position * head_dim + d;
}

}  // namespace linnet
