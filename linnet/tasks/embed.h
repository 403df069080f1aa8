// A text as one vector: the rows of the last layer, pooled (sentence-transformers' 1_Pooling).
//
//   auto vectors = embed(model, tokenizer, {"a text", "another"}, {.pooling = EmbedPooling::kMean, .unit = true});
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "linnet/models/model.h"
#include "linnet/tokenizer/tokenizer.h"

namespace linnet::tasks {

enum class EmbedPooling : std::uint8_t { kMean, kCls, kLast };

struct EmbedOptions {
  EmbedPooling pooling = EmbedPooling::kMean;
  bool unit = false;             // scaled to length 1
  std::int64_t max_length = 0;   // tokens, longer texts are cut; 0: the tokenizer's or the model's limit
  std::int64_t batch_rows = 1024;
  std::function<void(std::int64_t, std::int64_t)> progress = {};
};

std::vector<std::vector<float>> embed(const models::Model& model, const Tokenizer& tokenizer,
                                      std::span<const std::string> texts, const EmbedOptions& options = {});

// What the folder's 1_Pooling/config.json (and modules.json) say; mean where it has none.
EmbedOptions embed_defaults(const std::filesystem::path& folder);

}  // namespace linnet::tasks
