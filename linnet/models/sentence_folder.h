// A sentence-transformers folder: its modules, prompts and maximum length.
//
//   const SentenceFolder folder = read_sentence_folder("all-MiniLM-L6-v2");
//   folder.pooling->modes, folder.modules, folder.default_prompt
//
// Every setting of such a folder is applied or rejected by name; those that are ignored do not affect the vectors.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "linnet/models/model_files.h"
#include "linnet/models/pooling.h"
#include "linnet/models/sentence_modules.h"

namespace linnet::models {

// Similarity of two vectors; higher is closer, distances are negated.
enum class Similarity : std::uint8_t { kCosine, kDot, kEuclidean, kManhattan };

struct SentenceFolder {
  std::optional<PoolingConfig> pooling;                      // absent if no Pooling module is listed
  std::vector<SentenceModulePtr> modules;                    // after the pooling, in order
  std::vector<std::pair<std::string, std::string>> prompts;  // name and text that is prepended to every text
  std::string default_prompt;                                // a name of `prompts`, or ""
  std::int64_t max_length = 0;                               // in tokens; 0: the tokenizer's limit
  bool lower_case = false;                                   // texts are lower-cased before the tokenizer
  std::int64_t truncate_dim = 0;                             // dimensions of a vector that are kept; 0: all
  Similarity similarity = Similarity::kCosine;

  // The text of a prompt by name, or null.
  const std::string* find_prompt(std::string_view name) const;
};

// Reads modules.json, config_sentence_transformers.json, sentence_bert_config.json and the files that they name.
// Without a modules.json it looks for 1_Pooling and 2_Normalize. kBadInput naming the file.
SentenceFolder read_sentence_folder(const ModelFiles& files);

// The folder's modules.json; null if there is none.
Json read_modules_json(const std::filesystem::path& folder);
// Folder of the transformer: `place` itself, or the first entry of its modules.json ("0_BERT").
std::filesystem::path transformer_folder(const ModelFiles& files);

// Copies the sentence-transformers files of `from` to `to`; the model must be in `to` itself.
void copy_sentence_files(const ModelFiles& from, const std::filesystem::path& to);

}  // namespace linnet::models
