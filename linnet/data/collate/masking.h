// Masked language modelling (BERT; dynamic, as RoBERTa: every epoch draws anew).
//
//   Rng rng(seed, epoch);
//   Masked m = mask_tokens(ids, words, {.mask_id = 103, .vocab_size = 30522}, rng);
//   // m.ids goes in, m.labels holds the id at masked places and kIgnored elsewhere
//
// The rules are those of Transformers' DataCollatorForLanguageModeling: each token that is not special is chosen with
// probability 0.15; of the chosen, 80 % become the mask, 10 % a random id, 10 % stay. Whole words are chosen together
// and always become masks.
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
  double probability = 0.15;  // of a token (or word) to be chosen
  double mask_share = 0.8;    // of the chosen tokens that become mask_id
  double random_share = 0.1;  // … that become a random id; the rest stay. Words are always masked
  MaskUnit unit = MaskUnit::kToken;
  std::int32_t mask_id = -1;
  std::int64_t vocab_size = 0;  // random ids are below it
};

struct Masked {
  std::vector<std::int32_t> ids;
  std::vector<std::int32_t> labels;
};

// `words`: the word each token belongs to (word_numbers), negative for special tokens, which are never chosen.
// kInvalidArgument where sizes or options do not fit.
Masked mask_tokens(std::span<const std::int32_t> ids, std::span<const std::int32_t> words, const MaskOptions& options,
                   Rng& rng);

// The word each token belongs to, -1 for special ones: a word begins where the text between it and the token before is
// not empty, or after a special token. `offsets` and `special` as an Encoding has them.
std::vector<std::int32_t> word_numbers(std::span<const std::pair<std::int64_t, std::int64_t>> offsets,
                                       std::span<const std::int32_t> special);

}  // namespace linnet
