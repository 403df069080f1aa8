// Packed copies of constant weights in `Storage::derived`: the first product creates one; it is freed with the bytes.
#pragma once

#include "linnet/backend/backend.h"
#include "linnet/backend/cpu/gemm.h"
#include "linnet/backend/cpu/quantized.h"

namespace linnet::cpu {

// Null if the weight may change or its storage already has the maximum of packed views (slices of one matrix, each used
// once); the product then reads the stored weight.
const PackedMatrix* packed_matrix(const WeightView& weight);        // f32, bf16, f16
const QuantizedMatrix* quantized_matrix(const WeightView& weight);  // block types, [out, in]

}  // namespace linnet::cpu
