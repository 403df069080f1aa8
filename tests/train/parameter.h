// A single parameter, for tests of optimisers.
#pragma once

#include <string>

#include "linnet/nn/module.h"

namespace linnet {

inline nn::Parameter parameter(std::string name, Tensor& value, nn::Role role = nn::Role::kUp,
                               nn::Part part = nn::Part::kWeight) {
  return {std::move(name), &value, value.shape(), role, part};
}

}  // namespace linnet
