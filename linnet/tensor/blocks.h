// Values of every floating and block type: exact decoding to float, encoding into those that are written (of the block
// types Q8_0 and Q4_1).
//
//   std::vector<float> row(2048);
//   dequantize(DType::kQ4_K, bytes, row);
//
// Decoding rounds as ggml's does: same bits.
#pragma once

#include <cstddef>
#include <span>

#include "linnet/tensor/tensor.h"

namespace linnet {

// A row of tensor/block_types.h, as code meets it.
struct BlockType {
  int bits, scaled, zero;
  bool offset, wide, plain;
  void (*decode)(blocks::Bytes block, int run, blocks::Run& to);
};
const BlockType& block_type(DType type);  // kInvalidArgument for a type without blocks

// Decodes whole blocks; also F32, F16 and BF16. `bytes` holds row_bytes(type, out.size()) bytes or more.
void dequantize(DType type, const std::byte* bytes, std::span<float> out);

// A tensor of any floating or quantised type as F32, rows in parallel.
Tensor dequantized(const Tensor& tensor);

// Encodes whole blocks; `type` is kQ8_0, kQ4_1, kF32, kF16 or kBF16. Into blocks, values up to ±65504 go
// (kBadInput for larger ones and for NaN).
void quantize(DType type, std::span<const float> values, std::byte* out);

// A tensor of floats [.., columns] encoded; columns fill whole blocks.
Tensor quantized(const Tensor& tensor, DType type);

}  // namespace linnet
