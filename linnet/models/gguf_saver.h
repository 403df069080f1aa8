// Writes a model as a GGUF file: keys, tensor names and the order of rows are those of llama.cpp's converter.
//
//   save_gguf(*model, "model.gguf", {.dtype = WeightType::kQ8, .vocabulary = export_gguf_vocabulary(folder, rows)});
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "linnet/models/loader.h"
#include "linnet/tokenizer/gguf/vocabulary.h"

namespace linnet::models {

struct GgufOptions {
  // Type of matrices. Vectors, positions and token types are always F32, and so are matrices whose rows are not whole
  // blocks. kQ8: Q8_0. kQ4: Q4_1, but Q8_0 for the vocabulary's matrices.
  WeightType dtype = WeightType::kAuto;
  std::optional<GgufVocabulary> vocabulary = {};                         // the tokenizer; unset: the file has none
  std::string name = {};                                                 // general.name
  std::function<void(std::size_t done, std::size_t all)> progress = {};  // bytes written
};

// kBadInput naming what GGUF does not support: another head, an activation or scaling without a key in llama.cpp.
void save_gguf(Model& model, const std::filesystem::path& file, const GgufOptions& options = {});

// Converts the tensors to another type; the metadata stays the same except for types. Uses `dtype` and `progress` of
// the options.
void convert_gguf(const GgufFile& source, const std::filesystem::path& file, const GgufOptions& options);

}  // namespace linnet::models
