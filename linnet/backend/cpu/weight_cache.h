// The packed copies of constant weights, kept in `Storage::derived`: made at the first product, gone with the bytes.
#pragma once

#include "linnet/backend/backend.h"
#include "linnet/backend/cpu/gemm.h"
#include "linnet/backend/cpu/quantized.h"

namespace linnet::cpu {

// Null when the weight may change or its storage already has as many packed views as are worth keeping (slices of one
// matrix, each used once); the product then reads it as it is.
const PackedMatrix* packed_matrix(const WeightView& weight);        // f32, bf16, f16
const QuantizedMatrix* quantized_matrix(const WeightView& weight);  // block types, [out, in]

}  // namespace linnet::cpu
