// Quantised weights as the CPU multiplies them: one block-affine layout for every block type of GGUF files.
//
//   const QuantizedMatrix packed = pack_quantized(weight);
//   multiply_quantized({x, in, rows, bias, y, out, false}, packed);
//
// A block is 16 or 32 weights of a row, each `scale * q + offset` with q of 4 or 8 bits without sign. Types without an
// offset of their own have offset = -zero_point * scale, which is taken off the integer sums instead.
#pragma once

#include <cstdint>

#include "linnet/backend/backend.h"
#include "linnet/backend/cpu/gemm.h"
#include "linnet/backend/cpu/scratch.h"

namespace linnet::cpu {

inline constexpr std::int64_t kQuantRows = 16;  // outputs interleaved in a panel

// Panels of 16 outputs: all their values, then all scales, then all offsets, each part a multiple of 64 bytes.
// Values of a block: groups of four k, [group][output][4]; with 4 bits, group g shares its bytes (low half) with group
// g + 4 (high half). Scales and offsets: [block][output], f16, or f32 for the K types (a product of two scales).
struct QuantizedMatrix {
  std::int64_t out, in;
  int bits, block, zero_point;
  bool affine, wide_scales;
  std::int64_t scales_at, offsets_at, panel_bytes;
  AlignedBytes data;

  std::int64_t blocks() const { return in / block; }
  std::int64_t panels() const { return (out + kQuantRows - 1) / kQuantRows; }
};

// What `pack_quantized` allocates.
std::size_t quantized_bytes(DType type, std::int64_t out, std::int64_t in);

// Lossless; in parallel. The pages of a mapped file are given back as they are read.
QuantizedMatrix pack_quantized(const WeightView& weight);

// y = x W^T with x rounded to 8 bits a block, exact integer sums within a block and f32 between blocks.
void multiply_quantized(const Product& product, const QuantizedMatrix& weight);

// The same in f32 alone: weights are made f32 as they are read, exactly, a slice that stays near the core at a time.
void multiply_exact(const Product& product, const QuantizedMatrix& weight);
// Rows [k_begin, k_end) of W^T for the kPanel outputs of `panel`, [k][kPanel]; whole blocks.
void dequantize_panel(const QuantizedMatrix& weight, std::int64_t panel, std::int64_t k_begin, std::int64_t k_end,
                      float* to);

// What the dot products use: "AVX-512 VNNI", "AVX2", "portable".
const char* quantized_kernel_name();

}  // namespace linnet::cpu
