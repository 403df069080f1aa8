// Products with weights, and the choice between the ways to make them.
//
//   - f32, constant: our own product over the packed copy.
//   - Quantised: integer dot products over the block-affine copy; for Precision::kF32 as f32, which the packed copy is.
//   - bf16: x rounded to bf16 over the packed copy where the processor multiplies bf16; else, and f16, panels made f32.
//   - Not constant: plain products in f32 or bf16 (gemm_plain.h).
#pragma once

#include "linnet/backend/backend.h"

namespace linnet::cpu {

void linear(const LinearArgs& args);
void linear_grad_input(const LinearGradInputArgs& args);
void linear_grad_weight(const LinearGradWeightArgs& args);
void gemm(const GemmArgs& args);

}  // namespace linnet::cpu
