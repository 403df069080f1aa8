// Embeds a text: pooled rows of the last layer, then the modules of a sentence-transformers folder.
//
//   auto vectors = embed(loaded, {"a text", "another"}, {.modes = {EmbedPooling::kCls}, .unit = true});
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "linnet/adapt/loaded.h"
#include "linnet/models/pooling.h"
#include "linnet/models/sentence_folder.h"
#include "linnet/tasks/batches.h"
#include "linnet/tensor/tensor.h"
#include "linnet/tokenizer/text_cutter.h"

namespace linnet::tasks {

using models::EmbedPooling;

struct EmbedOptions {
  std::vector<EmbedPooling> modes{EmbedPooling::kMean};  // several: their vectors are concatenated
  std::vector<models::SentenceModulePtr> modules = {};   // applied to the pooled vectors, in order
  std::string prompt = {};                               // text before every text
  bool pool_prompt = true;                               // false: excludes the prompt's rows from pooling
  LetterCase letters = LetterCase::kAsWritten;
  std::int64_t truncate_dim = 0;  // dimensions of a vector that are kept; 0: all
  bool unit = false;              // scale to length 1 at the end
  std::int64_t max_length = 0;    // tokens; truncates longer texts; 0: the limit of the tokenizer or model
  // For search: similarity of vectors, and the prompt of a query.
  models::Similarity similarity = models::Similarity::kCosine;
  std::optional<std::string> query_prompt = {};
  std::int64_t batch_rows = nn::kBatchRows;
};

// Makes the vector of a text in steps, for an engine that others use, too: its tokens, then the vector of the last
// hidden state of each token.
//
//   Embedder embedder(loaded, options);
//   engine.submit(generate::EncodeRequest{.ids = embedder.ids(text), .on_end = [&](const Tensor& hidden) {
//                                           vector = embedder.vector_of(hidden); }});
class Embedder {
 public:
  // kBadInput for modules that do not fit each other. `loaded` must outlive it.
  Embedder(const Loaded& loaded, EmbedOptions options);
  std::vector<std::int32_t> ids(const std::string& text);  // kInvalidArgument for a text without tokens
  std::vector<float> vector_of(const Tensor& hidden) const;
  const TextCutter& cutter() const { return cutter_; }  // knows which texts were truncated

 private:
  EmbedOptions options_;
  TextCutter cutter_;
  std::int64_t skip_ = 0;  // rows at the beginning of a text that are not pooled
};

// kInvalidArgument for a text without tokens (it is empty, and the tokenizer adds none).
std::vector<std::vector<float>> embed(const Loaded& loaded, std::span<const std::string> texts,
                                      const EmbedOptions& options = {});

// Returns every vector as early as possible, in order; a text without tokens goes to `on_refusal`, in its place. Prints
// one note with the number of truncated texts.
using OnVector = std::function<void(std::size_t index, const std::vector<float>& vector)>;
void embed_each(const Loaded& loaded, std::span<const std::string> texts, const EmbedOptions& options,
                const OnVector& on_vector, const OnRefusal& on_refusal = {});

// Dimension of a vector.
std::int64_t embedding_width(const models::Model& model, const EmbedOptions& options);

// Options of a caller that replace those of the model's files.
struct EmbedWishes {
  std::optional<EmbedPooling> pooling = {};
  std::optional<bool> unit = {};
  std::optional<std::string> prompt = {};       // the text; "" for none
  std::optional<std::string> prompt_name = {};  // one of the folder's prompts; unknown: kInvalidArgument
};

// The options of a sentence-transformers folder, or of a .gguf file's pooling type; the default is the mean. An
// unsupported setting is kBadInput naming file and field.
EmbedOptions embed_defaults(const models::ModelFiles& files, const EmbedWishes& wishes = {});

}  // namespace linnet::tasks
