// Shared by the files of the quantised product: a block of rows of x times one panel of a weight.
#pragma once

#include <cstdint>

#include "linnet/backend/cpu/quantized.h"

namespace linnet::cpu {

// Up to 12 rows of x, quantised: for each block of k a record of [row][block] values, then a scale for each row, then
// for each row either scale * sum of its values (f32, affine weights) or -zero_point * sum (an integer).
struct QuantTile {
  const std::uint8_t* x;
  int rows;
  const std::uint8_t *values, *scales, *offsets;  // of the weight's panel
  std::int64_t blocks;
  int bits, block, zero_point;
  bool affine, wide_scales;
  float* out;  // [rows][16]
};

// Maximum rows of a tile with the dot products of AVX-512 VNNI; 0 if the processor lacks them.
int vnni_rows();
void dot_vnni(const QuantTile& tile);

}  // namespace linnet::cpu
