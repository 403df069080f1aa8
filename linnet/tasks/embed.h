// A text as one vector: the rows of the last layer, pooled (sentence-transformers' 1_Pooling).
//
//   auto vectors = embed(model, tokenizer, {"a text", "another"}, {.pooling = EmbedPooling::kMean, .unit = true});
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "linnet/models/model.h"
#include "linnet/models/pooling.h"
#include "linnet/tokenizer/tokenizer.h"

namespace linnet::tasks {

using models::EmbedPooling;

struct EmbedOptions {
  EmbedPooling pooling = EmbedPooling::kMean;
  bool unit = false;            // scaled to length 1
  std::int64_t max_length = 0;  // tokens, longer texts are cut; 0: the tokenizer's or the model's limit
  std::int64_t batch_rows = nn::kBatchRows;
};

std::vector<std::vector<float>> embed(const models::Model& model, const Tokenizer& tokenizer,
                                      std::span<const std::string> texts, const EmbedOptions& options = {});

// Every vector as soon as it is known, in the order of the texts.
using OnVector = std::function<void(std::size_t index, const std::vector<float>& vector)>;
void embed_each(const models::Model& model, const Tokenizer& tokenizer, std::span<const std::string> texts,
                const EmbedOptions& options, const OnVector& on_vector);

// What a model says of itself: a folder's modules.json (its pooling and whether it normalises) and longest text, a
// .gguf file's pooling type. Mean where nothing is said; kBadInput for a pooling that is none of ours. `pooling` goes
// before what the model says.
EmbedOptions embed_defaults(const std::filesystem::path& model, std::optional<EmbedPooling> pooling = {});

}  // namespace linnet::tasks
