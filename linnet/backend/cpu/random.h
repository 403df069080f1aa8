// Vectorised random numbers for dropout, the same numbers as those of `philox`.
//
//   float factors[64];
//   dropout_factors({seed, stream}, 0.1F, 128, 64, factors);   // of numbers 128 … 191
#pragma once

#include <cstdint>

#include "linnet/base/rng.h"

namespace linnet::cpu {

inline constexpr int kRandomChunk = 128;  // numbers computed at a time

// factors[i] is 0 or 1 / (1 - p) by number first + i of the key's stream (see DropoutArgs); `first` is a multiple of 4.
void dropout_factors(PhiloxKey key, float p, std::uint64_t first, std::int64_t count, float* factors);

}  // namespace linnet::cpu
