// Products with weights, and the choice between the ways to make them.
//
//   - f32, constant: our own product over the packed copy.
//   - Quantised: integer dot products over the block-affine copy; for Precision::kF32 as f32, which the packed copy is.
//   - bf16, f16: oneDNN's bf16 where the processor has it, else panels made f32.
//   - Not constant: oneDNN over the plain matrix.
#pragma once

#include "linnet/backend/backend.h"

namespace linnet::cpu {

void linear(const LinearArgs& args);
void linear_grad_input(const LinearGradInputArgs& args);
void linear_grad_weight(const LinearGradWeightArgs& args);
void gemm(const GemmArgs& args);

}  // namespace linnet::cpu
