// Input and output of TrainTask::encode: the data, the tokenizer, the maximum length, and the set to fill.
#pragma once

#include <optional>
#include <string_view>

#include "linnet/base/error.h"
#include "linnet/train/encode/encode.h"

namespace linnet {

struct EncodeJob {
  const Dataset& data;
  const Tokenizer& tokenizer;
  const nn::TransformerConfig& config;
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

}  // namespace linnet
