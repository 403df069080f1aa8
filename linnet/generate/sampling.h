// Chooses the next token from logits: the processors and warpers of Transformers' generate, in the same order.
//
//   Sampler sampler({.do_sample = true, .temperature = 0.7f, .top_p = 0.9f}, /*seed=*/42);
//   std::int32_t next = sampler.choose(logits, {.seen = ids, .first = true});
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
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

// What is known of the next token.
struct TokenRules {
  std::span<const std::int32_t> seen = {};       // prompt and generated tokens
  std::span<const std::int32_t> forbidden = {};  // end tokens before the minimum length
  std::span<const std::int32_t> forced = {};     // if any: these have the score 0, others are impossible
  bool first = false;                            // begin_suppress_tokens are not allowed
};

struct Candidate {
  std::int32_t id;
  float score;
  double probability = 0;
};

// Modifies the scores [vocab]: logits, or the log-probabilities of a beam.
void process(std::span<float> scores, const SamplingOptions& options, const TokenRules& rules);
// The possible tokens that sampling chooses from, at least `least` if there are so many; usually most likely first.
std::vector<Candidate> candidates(std::span<const float> scores, const SamplingOptions& options, std::size_t least = 1);

class Sampler {
 public:
  Sampler(SamplingOptions options, std::uint64_t seed) : options_(std::move(options)), rng_(seed) {}

  // Modifies the logits `scores` [vocab].
  std::int32_t choose(std::span<float> scores, const TokenRules& rules);

 private:
  std::int32_t sample(std::span<float> scores);
  SamplingOptions options_;
  Rng rng_;
};

std::int32_t argmax(std::span<const float> scores);  // the first one of equals

}  // namespace linnet::generate
