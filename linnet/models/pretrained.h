// A model with its tokenizer and generation settings.
//
//   Pretrained p = load_pretrained("SmolLM2-135M-Instruct.gguf");
//   auto ids = p.tokenizer.encode_ids("Hello");
#pragma once

#include <filesystem>
#include <memory>

#include "linnet/models/model.h"
#include "linnet/tokenizer/tokenizer.h"

namespace linnet {
class GgufFile;
}

namespace linnet::models {

// The tokenizer of a folder or of a .gguf file; needs no weights.
Tokenizer load_tokenizer(const std::filesystem::path& path);
GgufVocabulary gguf_vocabulary(const GgufFile& file);
// Copies the tokenizer, generation and pooling files of a folder to another; for a GGUF it creates equivalent ones.
void copy_companions(const std::filesystem::path& from, const std::filesystem::path& to);

struct Pretrained {
  std::unique_ptr<Model> model;
  Tokenizer tokenizer;
};
// kBadInput if the tokenizer has ids outside the model's vocabulary.
void check_fits(const Tokenizer& tokenizer, const Model& model);
Pretrained load_pretrained(const std::filesystem::path& path, const LoadOptions& options = {});

}  // namespace linnet::models
