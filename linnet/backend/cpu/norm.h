// Layer norm and RMS norm, forward and backward; parallel over rows, a fixed order of sums within a row.
#pragma once

#include "linnet/backend/backend.h"

namespace linnet::cpu {

void layer_norm(const NormArgs& args);
void rms_norm(const NormArgs& args);
void layer_norm_grad(const NormGradArgs& args);
void rms_norm_grad(const NormGradArgs& args);

}  // namespace linnet::cpu
