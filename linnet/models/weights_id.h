// Identifies the weights of a file or folder without reading all of them.
//
//   weights_id("SmolLM2-135M-Instruct.gguf")   // 64 hexadecimal digits
#pragma once

#include <filesystem>
#include <string>

namespace linnet::models {

// A hash of every tensor's name, type, shape and samples of its values: other trainings or quantisations of a model
// differ. For a model or an adapter. kBadInput as CheckpointReader::open.
std::string weights_id(const std::filesystem::path& file_or_folder);

}  // namespace linnet::models
