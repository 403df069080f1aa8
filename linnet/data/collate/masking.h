// Masked language modelling (BERT; with RoBERTa's dynamic masking: every epoch has other masks).
//
//   Rng rng(seed, epoch);
//   Masked m = mask_tokens(ids, words, {.mask_id = 103, .vocab_size = 30522}, rng);
//   // m.ids is the input; m.labels has the id at masked positions and kIgnored elsewhere
//
// The rules are those of Transformers' DataCollatorForLanguageModeling: each non-special token is selected with
// probability 0.15; of these 80 % become the mask, 10 % a random id, 10 % stay. Whole words are selected together and
// always become masks.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "linnet/base/rng.h"

namespace linnet {

inline constexpr std::int32_t kIgnored = -100;  // a label without loss

enum class MaskUnit : std::uint8_t { kToken, kWord };

struct MaskOptions {
  double probability = 0.15;  // probability to select a token (or word)
  double mask_share = 0.8;    // fraction of selected tokens that become mask_id
  double random_share = 0.1;  // … that become a random id; the rest stay. Words always become masks
  MaskUnit unit = MaskUnit::kToken;
  std::int32_t mask_id = -1;
  std::int64_t vocab_size = 0;  // upper bound of random ids
};

struct Masked {
  std::vector<std::int32_t> ids;
  std::vector<std::int32_t> labels;
};

// `words`: the word each token belongs to (word_numbers), negative for special tokens, which are never selected.
// kInvalidArgument if sizes or options are inconsistent.
Masked mask_tokens(std::span<const std::int32_t> ids, std::span<const std::int32_t> words, const MaskOptions& options,
                   Rng& rng);

// The word of each token, -1 for special ones: a word begins if there is text between it and the previous token, or
// after a special token. `offsets` and `special` are those of an Encoding.
std::vector<std::int32_t> word_numbers(std::span<const std::pair<std::int64_t, std::int64_t>> offsets,
                                       std::span<const std::int32_t> special);

}  // namespace linnet
