// Looks for NaN and infinity in weights and results.
//
//   if (!all_finite(logits)) fail(ErrorKind::kBadInput, "{}: {} is not finite", file, first_not_finite(parameters));
#pragma once

#include <span>
#include <string>

#include "linnet/nn/module.h"

namespace linnet::nn {

// Is no value NaN or infinite? Weights of any type, quantised blocks too; an undefined tensor holds none.
bool all_finite(const Tensor& values);

// Name of the first parameter that is not finite; "" where all are.
std::string first_not_finite(std::span<const Parameter> parameters);

}  // namespace linnet::nn
