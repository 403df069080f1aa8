// f32 product y = x W^T + bias with weights that were packed once.
//
//   const PackedMatrix packed = pack_matrix(weight);
//   multiply_packed({x, in, rows, bias, y, out, false}, packed);
#pragma once

#include <cstdint>

#include "linnet/backend/backend.h"
#include "linnet/backend/cpu/packed_bytes.h"
#include "linnet/backend/cpu/scratch.h"
#include "linnet/base/parallel.h"

namespace linnet::cpu {

inline constexpr std::int64_t kPanel = 32;  // output columns per panel
inline constexpr std::int64_t rounded_up(std::int64_t n, std::int64_t step) { return (n + step - 1) / step * step; }

// W [out, in] as panels of columns, zeros past `out`: one copy for any number of rows of x. F32: slices of
// slice_depth(in) rows, each [out / 64][rows, rounded up to 16][64]. BF16: [out / 64][in / 2, rounded up to 16][64][2],
// pairs of k next to each other. F16: [out / 32][in][32].
struct PackedMatrix {
  DType type;  // kF32, kBF16 or kF16
  std::int64_t out, in;
  PackedBytes data;
};
// Packs F32, BF16 or F16 in parallel; pages of a mapped file are released after reading.
PackedMatrix pack_matrix(const WeightView& weight);
// Rows of W^T that are summed before the sum is stored: they fit the L1 cache, and short sums round less.
std::int64_t slice_depth(std::int64_t in);

// At most kPanel columns of f32, rows `stride` apart.
struct Panel {
  const float* data = nullptr;
  std::int64_t stride = kPanel, columns = kPanel;
};
enum class TileInit : std::uint8_t { kZero, kBias, kAdd };  // initial value of a sum: zero, the bias, the result itself

struct Product {
  const float* x;
  std::int64_t x_stride, m;
  const float* bias;  // [out] or null
  float* y;
  std::int64_t y_stride;
  bool accumulate;  // adds to y; then `bias` is null
};

void multiply_packed(const Product& product, const PackedMatrix& weight);

// Rounds rows to bf16, nearest even, and packs them; in parallel.
void narrow_bf16_rows(const float* x, std::int64_t stride, std::int64_t rows, std::int64_t columns, std::uint16_t* to);
void widen_bf16(const std::uint16_t* from, std::int64_t n, float* to);
void widen_f16(const std::uint16_t* from, std::int64_t n, float* to);

const char* f32_kernel_name();  // "AVX-512", "AVX2", "portable"

}  // namespace linnet::cpu
