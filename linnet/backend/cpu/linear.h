// Products with weights, and the choice between the ways to make them.
//
//   - f32, constant: our own product over the packed copy.
//   - Quantised: integer dot products over the block-affine copy; for Precision::kF32 as f32, which the packed copy is.
//   - bf16: oneDNN's product over the packed copy where the processor has it; else, and f16, panels made f32.
//   - Not constant: plain products, oneDNN's in f32 and our own in bf16 (gemm_plain.h).
#pragma once

#include "linnet/backend/backend.h"

namespace linnet::cpu {

void linear(const LinearArgs& args);
void linear_grad_input(const LinearGradInputArgs& args);
void linear_grad_weight(const LinearGradWeightArgs& args);
void gemm(const GemmArgs& args);

}  // namespace linnet::cpu
