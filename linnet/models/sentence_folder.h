// A sentence-transformers folder: the modules that make one vector of a text, its prompts, its longest text.
//
//   const SentenceFolder folder = read_sentence_folder("all-MiniLM-L6-v2");
//   folder.pooling->modes, folder.modules, folder.default_prompt
//
// Everything that such a folder has is obeyed, or refused by name: what it leaves out here has no part in the numbers.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "linnet/models/pooling.h"
#include "linnet/models/sentence_modules.h"

namespace linnet::models {

// How alike two vectors are; higher is closer, distances are negative.
enum class Similarity : std::uint8_t { kCosine, kDot, kEuclidean, kManhattan };

struct SentenceFolder {
  std::optional<PoolingConfig> pooling;                      // absent: no Pooling module is listed
  std::vector<SentenceModulePtr> modules;                    // after the pooling, in their order
  std::vector<std::pair<std::string, std::string>> prompts;  // name, text put before every text
  std::string default_prompt;                                // a name of `prompts`, or ""
  std::int64_t max_length = 0;                               // tokens; 0: the tokenizer's limit
  bool lower_case = false;                                   // texts are lower-cased before the tokenizer
  std::int64_t truncate_dim = 0;                             // numbers of a vector that are kept; 0: all
  Similarity similarity = Similarity::kCosine;

  // The text of a prompt by its name; null where there is none.
  const std::string* find_prompt(std::string_view name) const;
};

// Reads modules.json, config_sentence_transformers.json, sentence_bert_config.json and what they name. Without a
// modules.json the usual folders count: 1_Pooling, 2_Normalize. kBadInput naming the file and the fact.
SentenceFolder read_sentence_folder(const std::filesystem::path& folder);

// Where the transformer of a model's folder is: the folder itself, or the one that the first entry of its modules.json
// names ("0_BERT").
std::filesystem::path transformer_folder(const std::filesystem::path& folder);

// Copies what makes a sentence-transformers folder of `from` into `to`, whose model is then in `to` itself.
void copy_sentence_files(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace linnet::models
