// Denoising: a text is corrupted; the model predicts the missing parts (T5) or the whole text (BART).
//
//   Denoised t5 = corrupt_spans(ids, {.sentinels = extra_ids, .eos_id = 1}, rng);
//   // "Thank you <X> me to your party <Y> week" -> "<X> for inviting <Y> last"
//   std::vector<std::int32_t> bart = infill(ids, {.mask_id = 50264}, rng);      // target: ids
//
// Ids have no special tokens at the ends; the caller adds them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "linnet/base/rng.h"

namespace linnet {

struct Denoised {
  std::vector<std::int32_t> source, target;
};

struct SpanOptions {
  double density = 0.15;                     // fraction of removed tokens
  double mean_span = 3;                      // average tokens per span
  std::vector<std::int32_t> sentinels = {};  // <extra_id_0>, <extra_id_1>, …: the maximum number of spans
  std::int32_t eos_id = -1;                  // appended to both; -1: none
};

// T5's span corruption (random_spans_noise_mask): round(n·density) tokens in round(that / mean_span) spans; lengths and
// gaps are uniform over all divisions; text is first, a span is last.
Denoised corrupt_spans(std::span<const std::int32_t> ids, const SpanOptions& options, Rng& rng);

struct InfillOptions {
  double share = 0.3;         // fraction of tokens in spans
  double mean_span = 3;       // span lengths are Poisson with this mean; a span of length 0 only inserts a mask
  std::int32_t mask_id = -1;  // replaces a whole span
};

// BART's text infilling: ceil(share · n) tokens in non-adjacent spans, each replaced by one mask.
std::vector<std::int32_t> infill(std::span<const std::int32_t> ids, const InfillOptions& options, Rng& rng);

// BART's sentence permutation: `starts` has the first token of each sentence, ascending from 0.
std::vector<std::int32_t> permute_sentences(std::span<const std::int32_t> ids, std::span<const std::size_t> starts,
                                            Rng& rng);

// Deletes each token with this probability; at least one stays.
std::vector<std::int32_t> delete_tokens(std::span<const std::int32_t> ids, double probability, Rng& rng);

// Replaces each token with this probability by a random id below `vocab_size`.
std::vector<std::int32_t> replace_tokens(std::span<const std::int32_t> ids, double probability, std::int64_t vocab_size,
                                         Rng& rng);

// A Poisson random number with this mean (at most 1000).
std::size_t poisson(double mean, Rng& rng);

}  // namespace linnet
