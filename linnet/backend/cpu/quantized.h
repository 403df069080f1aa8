// Packed quantised weights of the CPU: one block-affine layout for every block type of GGUF files.
//
//   const QuantizedMatrix packed = pack_quantized(weight);
//   const QuantizedProduct product{{x, in, rows, bias, y, out, false}, &packed};
//   multiply_quantized({&product, 1});
//
// A block is 16 or 32 weights of a row, each `scale * q + offset` with unsigned q of 4 or 8 bits. Types without an
// offset have offset = -zero_point * scale, which is subtracted from the integer sums instead.
#pragma once

#include <cstdint>
#include <span>

#include "linnet/backend/backend.h"
#include "linnet/backend/cpu/gemm.h"
#include "linnet/backend/cpu/packed_bytes.h"

namespace linnet::cpu {

inline constexpr std::int64_t kQuantRows = 16;  // outputs interleaved in a panel

// Panels of 16 outputs; a panel is a record for each block of k, read in order: values, scales, offsets. Values: groups
// of four k, [group][output][4]; with 4 bits, group g shares its bytes (low half) with group g + 4 (high half). Scales
// and offsets: of each output, f16, or f32 for the K types (a product of two scales).
struct QuantizedMatrix {
  std::int64_t out, in;
  int bits, block, zero_point;
  bool affine, wide_scales;
  int scales_at, offsets_at, record;  // places in a record, and its bytes
  PackedBytes data;

  std::int64_t blocks() const { return in / block; }
  std::int64_t panels() const { return (out + kQuantRows - 1) / kQuantRows; }
  std::int64_t panel_bytes() const { return blocks() * record; }
  const std::uint8_t* panel(std::int64_t index) const { return data.get() + index * panel_bytes(); }
};

// Bytes that `pack_quantized` allocates.
std::size_t quantized_bytes(DType type, std::int64_t out, std::int64_t in);

// Packs without loss, in parallel. Pages of a mapped file are released after reading.
QuantizedMatrix pack_quantized(const WeightView& weight);

// Products of one x, whose rows are rounded once: the weights have the same blocks.
struct QuantizedProduct {
  Product product;
  const QuantizedMatrix* weight;
};
bool same_blocks(const QuantizedMatrix& a, const QuantizedMatrix& b);

// y = x W^T with x rounded to 8 bits per block; sums are exact integers within a block, f32 between blocks.
void multiply_quantized(std::span<const QuantizedProduct> products);

// The same with x rounded to bf16; a row has the same bits for any number of rows. Returns false and does nothing if
// the processor lacks such products.
bool multiply_quantized_bf16(std::span<const QuantizedProduct> products);

// The same in f32: weights are converted exactly to f32, one cache-sized slice at a time.
void multiply_exact(const Product& product, const QuantizedMatrix& weight);
// Rows [k_begin, k_end) of W^T for the kPanel outputs of `panel`, [k][kPanel]; whole blocks.
void dequantize_panel(const QuantizedMatrix& weight, std::int64_t panel, std::int64_t k_begin, std::int64_t k_end,
                      float* to);

// The instruction set of the dot products: "AVX-512 VNNI", "AVX2", "portable".
const char* quantized_kernel_name();

}  // namespace linnet::cpu
