// A folder of weights holds f32, bf16 or f16, and a model read from a quantised file has others.
#pragma once

#include "command.h"
#include "linnet/models/model.h"

namespace linnet::app {

// Wrong usage where `dtype` leaves the type to the model and the model, read from `source`, has quantised weights.
void require_folder_type(const Command& command, models::Model& model, models::WeightType dtype,
                         const std::string& source);

}  // namespace linnet::app
