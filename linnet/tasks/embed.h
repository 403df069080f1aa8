// A text as one vector: the rows of the last layer, pooled, and what a sentence-transformers folder does with them.
//
//   auto vectors = embed(model, tokenizer, {"a text", "another"}, {.modes = {EmbedPooling::kCls}, .unit = true});
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "linnet/models/model.h"
#include "linnet/models/pooling.h"
#include "linnet/models/sentence_folder.h"
#include "linnet/tasks/batches.h"
#include "linnet/tokenizer/tokenizer.h"

namespace linnet::tasks {

using models::EmbedPooling;

struct EmbedOptions {
  std::vector<EmbedPooling> modes{EmbedPooling::kMean};  // several: their vectors one after another
  std::vector<models::SentenceModulePtr> modules = {};   // run on the pooled vectors, in their order
  std::string prompt = {};                               // put before every text
  bool pool_prompt = true;                               // false: the prompt's rows are left out of the pooling
  LetterCase letters = LetterCase::kAsWritten;
  std::int64_t truncate_dim = 0;  // numbers of a vector that are kept; 0: all
  bool unit = false;              // scaled to length 1 at the end
  std::int64_t max_length = 0;    // tokens, longer texts are cut; 0: the tokenizer's or the model's limit
  // Of a search among such vectors: how they compare, and what comes before a query.
  models::Similarity similarity = models::Similarity::kCosine;
  std::optional<std::string> query_prompt = {};
  std::int64_t batch_rows = nn::kBatchRows;
};

// A text without tokens (it is empty, and the tokenizer adds none): kInvalidArgument.
std::vector<std::vector<float>> embed(const models::Model& model, const Tokenizer& tokenizer,
                                      std::span<const std::string> texts, const EmbedOptions& options = {});

// Every vector as soon as it is known, in the order of the texts; a text without tokens goes to `on_refusal`, in its
// place. One note says how many texts were cut.
using OnVector = std::function<void(std::size_t index, const std::vector<float>& vector)>;
void embed_each(const models::Model& model, const Tokenizer& tokenizer, std::span<const std::string> texts,
                const EmbedOptions& options, const OnVector& on_vector, const OnRefusal& on_refusal = {});

// Numbers in a vector.
std::int64_t embedding_width(const models::Model& model, const EmbedOptions& options);

// What a caller asks for instead of what the model's files have.
struct EmbedWishes {
  std::optional<EmbedPooling> pooling = {};
  std::optional<bool> unit = {};
  std::optional<std::string> prompt = {};       // the text itself; "" for none
  std::optional<std::string> prompt_name = {};  // one of the folder's prompts; unknown: kInvalidArgument
};

// The options of a sentence-transformers folder, or of a .gguf file's pooling type; the mean where nothing is
// specified. What cannot be obeyed: kBadInput naming file and field.
EmbedOptions embed_defaults(const std::filesystem::path& model, const EmbedWishes& wishes = {});

}  // namespace linnet::tasks
