// Noise for denoising objectives, as the reference collators make it: masked language modelling (BERT), span corruption
// (T5), infilling and permutation (BART), deletion and replacement.
//
//   Masked m = mask_tokens(ids, words, {.mask_id = 103, .vocabulary = 30522}, rng);
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "linnet/base/rng.h"

namespace linnet {

struct MaskingRule {
  double probability = 0.15;  // of a token (or word) being predicted
  std::int32_t mask_id = -1;
  std::int64_t vocabulary = 0;  // random replacements are uniform in [0, vocabulary)
  bool whole_words = false;     // all tokens of a word or none
};
struct Masked {
  std::vector<std::int32_t> ids, targets;  // targets: the old id where it is predicted, else -1
};
// Of the chosen, 80 % become the mask, 10 % a random id, 10 % stay. `words`: -1 marks special tokens, never chosen.
Masked mask_tokens(std::span<const std::int32_t> ids, std::span<const std::int32_t> words, const MaskingRule& rule,
                   Rng& rng);

struct Corrupted {
  std::vector<std::int32_t> input, output;
};
// T5: 15 % of the tokens in spans of 3 on average are replaced by sentinels; the output lists the spans behind theirs.
// `sentinels`: <extra_id_0>, <extra_id_1>, …; both sides end with `eos`.
Corrupted corrupt_spans(std::span<const std::int32_t> ids, std::span<const std::int32_t> sentinels, std::int32_t eos,
                        double density, double mean_span, Rng& rng);
// BART: spans of Poisson(3) tokens become one mask until 30 % are gone.
std::vector<std::int32_t> infill(std::span<const std::int32_t> ids, std::int32_t mask_id, double ratio, double mean_span,
                                 Rng& rng);
std::vector<std::int32_t> delete_tokens(std::span<const std::int32_t> ids, double probability, Rng& rng);
std::vector<std::int32_t> replace_tokens(std::span<const std::int32_t> ids, std::int64_t vocabulary, double probability,
                                         Rng& rng);
// Sentences (runs that end with one of `ends`) in a random order.
std::vector<std::int32_t> shuffle_sentences(std::span<const std::int32_t> ids, std::span<const std::int32_t> ends,
                                            Rng& rng);

}  // namespace linnet
