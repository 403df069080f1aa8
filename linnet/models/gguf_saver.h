// Writes a model as a GGUF file: keys, tensor names and the order of rows are those of llama.cpp's converter.
//
//   save_gguf(*model, "model.gguf", {.dtype = WeightType::kQ8, .vocabulary = export_gguf_vocabulary(folder, rows)});
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "linnet/models/model.h"
#include "linnet/tokenizer/gguf/vocabulary.h"

namespace linnet {
class GgufFile;
}

namespace linnet::models {

struct GgufOptions {
  // What matrices become. Vectors, positions and token types are F32 always, as are matrices whose rows do not fill
  // blocks. kQ8: Q8_0. kQ4: Q4_1, but Q8_0 for the vocabulary's matrices.
  WeightType dtype = WeightType::kAuto;
  std::optional<GgufVocabulary> vocabulary = {};                         // the tokenizer; none: a file without one
  std::string name = {};                                                 // general.name
  std::function<void(std::size_t done, std::size_t all)> progress = {};  // bytes written
};

// kBadInput naming what a GGUF file cannot hold: another head, an activation or scaling that llama.cpp has no key for.
void save_gguf(Model& model, const std::filesystem::path& file, const GgufOptions& options = {});

// The same file with tensors of another type; the metadata stays (but for the types it tells of). `dtype` and
// `progress` of the options count.
void convert_gguf(const GgufFile& source, const std::filesystem::path& file, const GgufOptions& options);

}  // namespace linnet::models
