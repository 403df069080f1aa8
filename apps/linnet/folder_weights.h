// Checks the type of weights for a folder, which has f32, bf16 or f16, not quantised weights.
#pragma once

#include "command.h"
#include "linnet/models/loader.h"

namespace linnet::app {

// Wrong usage if `dtype` is auto and the model from `source` has quantised weights.
void require_folder_type(const Command& command, models::Model& model, models::WeightType dtype,
                         const std::string& source);

}  // namespace linnet::app
