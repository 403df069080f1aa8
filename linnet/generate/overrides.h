// Generation options of a call, completed by those of the checkpoint (generation_config.json) and by the defaults of
// Transformers' generate.
//
//   GenerateOptions options = resolve({.max_new_tokens = 64, .top_p = 0.9}, loaded.generation());
//
// End tokens, lengths, penalties and beams of the checkpoint always apply; its temperature, top-k and top-p only with
// sampling. Sampling is off unless the call requests it, so that results are reproducible by default.
#pragma once

#include <cstdint>
#include <optional>

#include "linnet/base/option_rule.h"
#include "linnet/generate/generator.h"
#include "linnet/io/folder.h"

namespace linnet::generate {

// Unset fields were not requested.
struct Overrides {
  std::optional<std::int64_t> max_new_tokens = {};  // takes precedence over max_length
  std::optional<std::int64_t> max_length = {};      // prompt + new tokens
  std::optional<std::int64_t> min_new_tokens = {}, min_length = {};
  std::optional<bool> do_sample = {};  // unset: true if one of the next five is set; a temperature of 0 is greedy
  std::optional<double> temperature = {};
  std::optional<std::int64_t> top_k = {};  // default with sampling 50, as in Transformers; 0: all
  std::optional<double> top_p = {}, min_p = {}, typical_p = {};
  std::optional<double> repetition_penalty = {};
  std::optional<std::int64_t> no_repeat_ngram_size = {};
  std::optional<std::int64_t> num_beams = {}, num_return_sequences = {};  // more than 1 beam: beam search
  std::optional<double> length_penalty = {};                              // of beam search, like the next one
  std::optional<EarlyStopping> early_stopping = {};
  std::uint64_t seed = 0;
  std::int64_t logprobs = 0;  // number of top tokens at every step
};

inline constexpr std::int64_t kDefaultNewTokens = 256;

inline constexpr OptionRule kOverrideRules[] = {
    {"max_new_tokens", at_least(0)},
    {"max_length", at_least(1)},
    {"min_new_tokens", at_least(0)},
    {"min_length", at_least(0)},
    {"temperature", at_least(0)},
    {"top_k", at_least(0)},
    {"top_p", above_to(0, 1)},
    {"min_p", between(0, 1)},
    {"typical_p", above_to(0, 1)},
    {"repetition_penalty", above(0)},
    {"no_repeat_ngram_size", at_least(0)},
    {"num_beams", between(1, 1024)},
    {"num_return_sequences", at_least(1)},
    {"length_penalty", between(-100, 100)},
};

// kInvalidArgument for a value out of range.
GenerateOptions resolve(const Overrides& overrides, const GenerationConfig& checkpoint);

}  // namespace linnet::generate
