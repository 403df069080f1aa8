// The files of a pretrained model, a Hugging Face folder or a .gguf file. Each is opened and parsed at first use, once.
//
//   const ModelFiles files("SmolLM2-135M-Instruct.gguf");
//   TransformerConfig config = files.config();
//   Tokenizer tokenizer = load_tokenizer(files);
//   auto model = load_model(files);
#pragma once

#include <concepts>
#include <filesystem>
#include <memory>
#include <optional>

#include "linnet/base/once.h"
#include "linnet/io/checkpoint.h"
#include "linnet/io/folder.h"
#include "linnet/io/gguf.h"
#include "linnet/models/family.h"
#include "linnet/tokenizer/tokenizer.h"

namespace linnet::models {

// Copies share what was read. Errors are kBadInput naming the file.
class ModelFiles {
 public:
  // A path is its files.
  template <std::convertible_to<std::filesystem::path> Path>
  ModelFiles(const Path& place) : place_(place) {}  // NOLINT(google-explicit-constructor)

  const std::filesystem::path& place() const { return place_; }  // as given
  bool is_folder() const;
  // Folder of config.json and the weights: `place`, or that of the first module in its modules.json ("0_BERT").
  const std::filesystem::path& transformer() const;

  // config.json as read; of a GGUF the metadata below "<architecture>.".
  const Json& config_json() const;
  const Family& family() const;
  TransformerConfig config(std::optional<HeadKind> head = {}) const;
  // generation_config.json, else the fields of config.json; nothing for a GGUF.
  const GenerationConfig& generation() const;
  // The weights.
  const CheckpointReader& checkpoint() const;

  // Of a folder: its modules.json; null if there is none.
  const Json& modules_json() const;
  // Of a file.
  const std::shared_ptr<GgufFile>& gguf() const;

 private:
  std::filesystem::path place_;
  Once<Json> config_json_, modules_json_;
  Once<std::filesystem::path> transformer_;
  Once<GenerationConfig> generation_;
  Once<std::shared_ptr<GgufFile>> gguf_;
  Once<std::shared_ptr<const CheckpointReader>> checkpoint_;
};

// Needs no weights. `files`: also a tokenizer.json, a SentencePiece model or a vocab.txt alone.
bool has_tokenizer(const ModelFiles& files);
Tokenizer load_tokenizer(const ModelFiles& files);
GgufVocabulary gguf_vocabulary(const GgufFile& file);

}  // namespace linnet::models
