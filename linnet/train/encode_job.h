// Shared by the parts of encode_examples: the data, the tokenizer, the maximum length, and the set to fill.
#pragma once

#include <optional>
#include <string_view>

#include "linnet/base/error.h"
#include "linnet/train/encode.h"

namespace linnet {

struct EncodeJob {
  const Dataset& data;
  const Tokenizer& tokenizer;
  const nn::TransformerConfig& config;
  TrainTask task;
  const TrainOptions& options;
  std::int64_t max_length;  // maximum tokens of an example
  EncodedSet set = {};

  // Encodes a text or a pair, truncated to max_length by the tokenizer's rule (special tokens stay); counts lost
  // tokens.
  Encoding encode(std::string_view first, std::optional<std::string_view> second = {},
                  TruncationStrategy strategy = TruncationStrategy::kLongestFirst);
  // Records the length of a row before truncation.
  void measured(std::size_t tokens);
  void keep(std::size_t row, EncodedExample example);
  // kBadInput "file:line: …" unless `ok`.
  void require(bool ok, std::size_t row, std::string_view what) const;
  std::int32_t end_id() const;  // end token of a text: the tokenizer's, else the model's; -1: none
};

void encode_classes(EncodeJob& job);    // a text or pair with a class, classes or a number
void encode_causal(EncodeJob& job);     // texts, completions, chats
void encode_masked(EncodeJob& job);     // masked words, next sentences
void encode_sequences(EncodeJob& job);  // source and target; texts for denoising
void encode_tags(EncodeJob& job);       // a class per word
void encode_questions(EncodeJob& job);  // answers as spans of the context

}  // namespace linnet
