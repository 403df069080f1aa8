// Decodes every floating and block type to float exactly; encodes the floating types, Q8_0 and Q4_1.
//
//   std::vector<float> row(2048);
//   dequantize(DType::kQ4_K, bytes, row);
//
// Decoding gives the same bits as ggml's.
#pragma once

#include <cstddef>
#include <span>

#include "linnet/tensor/tensor.h"

namespace linnet {

// A row of tensor/block_types.h as a struct.
struct BlockType {
  int bits, scaled, zero;
  bool offset, wide, plain;
  void (*decode)(blocks::Bytes block, int run, blocks::Run& to);
};
const BlockType& block_type(DType type);  // kInvalidArgument for a type without blocks

// Decodes whole blocks; also F32, F16 and BF16. `bytes` holds row_bytes(type, out.size()) bytes or more.
void dequantize(DType type, const std::byte* bytes, std::span<float> out);

// Converts a tensor of any floating or quantised type to F32; parallel over rows.
Tensor dequantized(const Tensor& tensor);

// Encodes whole blocks; `type` is kQ8_0, kQ4_1, kF32, kF16 or kBF16. Block types take values up to ±65504 (kBadInput
// for larger ones and for NaN).
void quantize(DType type, std::span<const float> values, std::byte* out);

// Encodes a tensor of floats [.., columns]; columns are a multiple of the block size.
Tensor quantized(const Tensor& tensor, DType type);

}  // namespace linnet
