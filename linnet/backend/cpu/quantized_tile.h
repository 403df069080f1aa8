// Shared by the files of the quantised product: a block of rows of x times one panel of a weight.
#pragma once

#include <cstdint>

#include "linnet/backend/cpu/quantized.h"
#include "linnet/backend/cpu/scratch.h"

namespace linnet::cpu {

struct QuantTile {
  const std::uint8_t* x;  // records of the kernel
  int rows;
  const QuantizedMatrix& weight;
  const std::uint8_t* panel;
  float* out;  // [rows][16]
};

// Few rows wait for memory: the hardware does not read far enough ahead.
inline constexpr int kFewRows = 4;
inline void prefetch_records(const std::uint8_t* record, int lines) {
  constexpr std::int64_t kAhead = 2048;
  for (int i = 0; i < lines; ++i) __builtin_prefetch(record + kAhead + 64 * i);
}

// Rounds x and multiplies. A block of k of up to `rows` rows is a record: values [row][block], then some f32 of each
// row.
struct DotKernel {
  void (*prepare)(const float* x, const QuantizedMatrix& weight, int row, int rows, std::uint8_t* to);
  void (*dot)(const QuantTile& tile);
  std::int64_t rows;
  std::int64_t value_bytes, row_bytes;  // of a value; of a row's f32
  const char* name;

  std::int64_t bytes(const QuantizedMatrix& w) const { return w.blocks() * (w.block * value_bytes + row_bytes); }
};
const DotKernel* bf16_dot_kernel();  // null without AVX-512 BF16

// The tile of a kernel for a number of rows and a layout that are known at run time: Tile::run<bits, block, affine,
// rows>.
inline constexpr int kMostDotRows = 12;
template <class Tile, int kBits, int kBlock, bool kAffine, int kRows = kMostDotRows>
void dot_rows(const QuantTile& t) {
  if constexpr (kRows >= 1) {
    if (t.rows == kRows) return Tile::template run<kBits, kBlock, kAffine, kRows>(t);
    dot_rows<Tile, kBits, kBlock, kAffine, kRows - 1>(t);
  }
}
template <class Tile>
void dot_of(const QuantTile& t) {
  const bool affine = t.weight.affine;
  if (t.weight.bits == 4) return affine ? dot_rows<Tile, 4, 32, true>(t) : dot_rows<Tile, 4, 32, false>(t);
  if (t.weight.block == 32) return affine ? dot_rows<Tile, 8, 32, true>(t) : dot_rows<Tile, 8, 32, false>(t);
  dot_rows<Tile, 8, 16, false>(t);
}

// Maximum rows of a tile with the dot products of AVX-512 VNNI; 0 if the processor lacks them. Records: values of 8
// bits, the scale of each row, then for each row either scale * sum of its values (f32, affine weights) or -zero_point
// * sum (an integer).
int vnni_rows();
void dot_vnni(const QuantTile& tile);
void quantize_vnni(const float* x, const QuantizedMatrix& weight, int row, int rows, std::uint8_t* to);  // blocks of 32

}  // namespace linnet::cpu
