// Chooses the next token from logits: the processors and warpers of Transformers' generate, in the same order.
//
//   Sampler sampler({.do_sample = true, .temperature = 0.7f, .top_p = 0.9f}, /*seed=*/42);
//   std::int32_t next = sampler.choose(logits, ids, /*forbidden=*/{}, /*first=*/true);
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "linnet/base/rng.h"

namespace linnet::generate {

struct SamplingOptions {
  bool do_sample = false;                          // false: greedy; fields marked (s) have no effect
  float temperature = 1;                           // (s) divides the logits
  std::int64_t top_k = 0;                          // (s) keep the k most likely; 0: all
  float top_p = 1;                                 // (s) keep the most likely whose probabilities reach p
  float min_p = 0;                                 // (s) drop those below this fraction of the highest probability
  float typical_p = 1;                             // (s) keep those whose information is closest to the entropy
  float repetition_penalty = 1;                    // logits of seen tokens are divided (negative ones multiplied) by it
  std::int64_t no_repeat_ngram_size = 0;           // no n-gram of this size twice; 0: off
  std::vector<std::int32_t> suppress_tokens = {};  // never generated
  std::vector<std::int32_t> begin_suppress_tokens = {};   // never the first new token
  std::vector<std::vector<std::int32_t>> bad_words = {};  // never generated as a sequence
};

class Sampler {
 public:
  Sampler(SamplingOptions options, std::uint64_t seed) : options_(std::move(options)), rng_(seed) {}

  // Modifies the logits `scores` [vocab]. `seen`: prompt and generated tokens. `forbidden`: ids that are not allowed
  // now (end tokens before the minimum length). `first`: true for the first new token.
  std::int32_t choose(std::span<float> scores, std::span<const std::int32_t> seen,
                      std::span<const std::int32_t> forbidden, bool first);

 private:
  void process(std::span<float> scores, std::span<const std::int32_t> seen) const;
  std::int32_t sample(std::span<float> scores);
  SamplingOptions options_;
  Rng rng_;
};

std::int32_t argmax(std::span<const float> scores);  // the first one of equals

}  // namespace linnet::generate
