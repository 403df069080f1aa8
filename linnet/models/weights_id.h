// Identifies the weights of a file or folder without reading all of them.
//
//   weights_id(*CheckpointReader::open("SmolLM2-135M-Instruct.gguf"))   // 64 hexadecimal digits
#pragma once

#include <string>

#include "linnet/io/checkpoint.h"

namespace linnet::models {

// A hash of every tensor's name, type, shape and samples of its values: other trainings or quantisations of a model
// differ. For a model or an adapter.
std::string weights_id(const CheckpointReader& checkpoint);

}  // namespace linnet::models
