// Position vectors of sines and cosines (Vaswani et al., 2017), computed in double.
#pragma once

#include <cstdint>
#include <span>

#include "linnet/tensor/tensor.h"

namespace linnet::nn {

// Columns of the sines: even ones, or the first half (transformers' MarianSinusoidalPositionalEmbedding).
enum class Sines : std::uint8_t { kEvenColumns, kFirstHalf };

Tensor sinusoids(std::span<const std::int32_t> positions, std::int64_t width, Sines sines);  // [positions, width]

}  // namespace linnet::nn
