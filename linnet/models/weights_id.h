// Which weights a file or folder holds, known without reading all of them.
//
//   weights_id("SmolLM2-135M-Instruct.gguf")   // 64 hexadecimal digits
#pragma once

#include <filesystem>
#include <string>

namespace linnet::models {

// A hash of every tensor's name, type and shape and of samples of its values: another training of the same model, or
// another quantisation of it, has another. Of a model or an adapter. kBadInput as CheckpointReader::open.
std::string weights_id(const std::filesystem::path& file_or_folder);

}  // namespace linnet::models
