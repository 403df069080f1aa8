// Encodes rows of a dataset for an objective: ids, targets, labels.
//
//   EncodedSet set = encode_examples(dataset, tokenizer, model.config(), task, options);
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "linnet/data/dataset.h"
#include "linnet/nn/config.h"
#include "linnet/tokenizer/tokenizer.h"
#include "linnet/train/options.h"

namespace linnet {

struct EncodedExample {
  std::vector<std::int32_t> ids, type_ids;  // type_ids may be empty: all 0
  std::vector<std::int32_t> targets;        // token objectives: target of each row, -1: none
  std::vector<std::int32_t> words;          // masked LM: the word of each token, -1: a special token
  std::int32_t label = -1;                  // a class, or 0 next / 1 not next
  std::vector<float> values;                // multi-label and regression
  std::int32_t start = -1, end = -1;        // question answering: tokens; -1: outside
  std::vector<std::int32_t> output;         // encoder-decoders: targets of the decoder
};

struct EncodedSet {
  std::vector<EncodedExample> examples;
  std::vector<std::int64_t> rows;          // dataset row of each example
  std::vector<std::int64_t> full_lengths;  // tokens before truncation, one per dataset row
  std::int64_t truncated = 0, cut = 0;     // truncated rows, lost tokens
  std::int64_t without_answer = 0;         // chats without a turn of the assistant
  std::string first_without_answer;        // the place of the first one
};

// The problem type by Transformers' rule: one number: regression; a class: single label; a list: multi-label.
nn::ProblemType problem_of(const Dataset& data, nn::ProblemType asked);

// max_length is limited to the model's positions (minus `reserved` virtual tokens). kBadInput with file:line for a row
// that the task cannot use.
EncodedSet encode_examples(const Dataset& data, const Tokenizer& tokenizer, const nn::TransformerConfig& config,
                           const TrainTask& task, const TrainOptions& options, std::int64_t reserved = 0);

}  // namespace linnet
