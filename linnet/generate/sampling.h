// From scores over the vocabulary to the next token: the processors and warpers of Transformers' generate, in its
// order.
//
//   Sampler sampler({.do_sample = true, .temperature = 0.7f, .top_p = 0.9f}, /*seed=*/42);
//   Choice next = sampler.choose(logits, ids);
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "linnet/base/rng.h"

namespace linnet::generate {

struct SamplingOptions {
  bool do_sample = false;                 // false: the likeliest token, whatever the fields marked (s) say
  float temperature = 1;                  // (s) divides the scores
  std::int64_t top_k = 0;                 // (s) keep the k likeliest; 0: all
  float top_p = 1;                        // (s) keep the likeliest whose probabilities reach p
  float min_p = 0;                        // (s) drop those below this share of the likeliest's probability
  float typical_p = 1;                    // (s) keep those whose surprise is nearest the entropy
  float repetition_penalty = 1;           // scores of seen tokens are divided (or multiplied, below zero) by it
  std::int64_t no_repeat_ngram_size = 0;  // no n-gram of this size twice; 0: off
  std::vector<std::int32_t> suppress_tokens = {};         // never
  std::vector<std::int32_t> begin_suppress_tokens = {};   // never as the first new token
  std::vector<std::vector<std::int32_t>> bad_words = {};  // never these tokens in a row
};

class Sampler {
 public:
  Sampler(SamplingOptions options, std::uint64_t seed) : options_(std::move(options)), rng_(seed) {}

  // `scores` [vocab] is changed in place. `seen`: prompt and what was generated. `forbidden`: ids that may not come now
  // (end tokens before the minimum length). `first`: this is the first new token.
  std::int32_t choose(std::span<float> scores, std::span<const std::int32_t> seen,
                      std::span<const std::int32_t> forbidden, bool first);

 private:
  void process(std::span<float> scores, std::span<const std::int32_t> seen) const;
  std::int32_t sample(std::span<float> scores);
  SamplingOptions options_;
  Rng rng_;
};

std::int32_t argmax(std::span<const float> scores);  // the first of equals

}  // namespace linnet::generate
