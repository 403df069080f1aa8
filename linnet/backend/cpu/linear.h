// Products with weights, and the choice of the kernel.
//
// - f32, constant: gemm.h over the packed copy.
// - Quantised: integer dot products over the block-affine copy; for Precision::kBF16 x is rounded to bf16, if the
//   processor multiplies bf16; otherwise, and for Precision::kF32, in f32, to which the copy is converted exactly.
// - bf16: x rounded to bf16 over the packed copy if the processor multiplies bf16; otherwise, and for f16, panels are
//   converted to f32.
// - Not constant: plain products in f32 or bf16 (gemm_plain.h).
#pragma once

#include "linnet/backend/backend.h"

namespace linnet::cpu {

void linear(const LinearArgs& args);
void linears(std::span<const LinearArgs> products);  // of one x, which is rounded once
void prepack(const WeightView& weight);
void linear_grad_input(const LinearGradInputArgs& args);
void linear_grad_weight(const LinearGradWeightArgs& args);
void gemm(const GemmArgs& args);

}  // namespace linnet::cpu
