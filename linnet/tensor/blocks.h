// The block encodings of GGUF files: exact decoders to float for every type that is read, encoders for those that are
// written (Q8_0, Q4_1).
//
//   std::vector<float> row(2048);
//   dequantize(DType::kQ4_K, bytes, row);
//
// A block is a run of 32 or 256 values of one row. The decoders round as ggml's do: same bits.
#pragma once

#include <cstddef>
#include <span>

#include "linnet/tensor/tensor.h"

namespace linnet {

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
