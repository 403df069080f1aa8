// What the parts of encode_examples share: the data, the tokenizer, the bound on lengths, and the set being filled.
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
  std::int64_t max_length;  // tokens an example may have
  EncodedSet set = {};

  // A text, or a pair, cut to max_length as the tokenizer cuts (special tokens stay); counts what is lost.
  Encoding encode(std::string_view first, std::optional<std::string_view> second = {},
                  TruncationStrategy strategy = TruncationStrategy::kLongestFirst);
  // Remembers how long a row is before cutting.
  void measured(std::size_t tokens);
  void keep(std::size_t row, EncodedExample example);
  // kBadInput "file:line: …" unless `ok`.
  void require(bool ok, std::size_t row, std::string_view what) const;
  std::int32_t end_id() const;  // what ends a text: the tokenizer's, else the model's; -1: neither has one
};

void encode_classes(EncodeJob& job);    // a text or pair with a class, classes or a number
void encode_causal(EncodeJob& job);     // texts, completions, chats
void encode_masked(EncodeJob& job);     // masked words, next sentences
void encode_sequences(EncodeJob& job);  // source and target; texts to denoise
void encode_tags(EncodeJob& job);       // a class for each word
void encode_questions(EncodeJob& job);  // answers as spans of the context

}  // namespace linnet
