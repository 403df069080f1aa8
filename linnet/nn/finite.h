// Finds NaN and infinity in weights and results.
//
//   if (!all_finite(logits)) fail(ErrorKind::kBadInput, "{}: {} is not finite", file, first_not_finite(parameters));
#pragma once

#include <span>
#include <string>

#include "linnet/nn/module.h"

namespace linnet::nn {

// True if no value is NaN or infinite. Any type, quantised too; true for an undefined tensor.
bool all_finite(const Tensor& values);

// Name of the first parameter that is not finite, or "".
std::string first_not_finite(std::span<const Parameter> parameters);

}  // namespace linnet::nn
