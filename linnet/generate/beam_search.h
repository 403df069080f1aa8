// Beam search over the continuations of one prompt: scores, choices and the end are those of Transformers' generate
// (version 5.23, `_beam_search`), in f32 as there. It sees the scores of tokens only; beam_text.h has the texts.
//
//   BeamSearch search({.num_beams = 4}, {}, /*eos_ids=*/{2}, /*count=*/64, /*seed=*/0);
//   while (!search.done()) {
//     for (std::size_t b = 0; b < search.texts(); ++b) search.add(b, log_probabilities_after(search.beams()[b].ids));
//     search.advance();
//   }
//   std::vector<ScoredSequence> best = search.best();
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "linnet/generate/sampling.h"
#include "linnet/generate/text.h"
#include "linnet/io/folder.h"

namespace linnet::generate {

struct BeamOptions {
  std::int64_t num_beams = 1;             // 1: no beam search
  std::int64_t num_return_sequences = 1;  // the best ones, at most num_beams
  double length_penalty = 1;              // a text's score is its log-probability / (number of new tokens)^this
  // The search ends if no running beam can have a better score than the worst of num_beams ended texts: kNo compares
  // scores at the length so far, kNever at the maximum length. kYes: it also ends as soon as num_beams texts have
  // ended.
  EarlyStopping early_stopping = EarlyStopping::kNo;
  bool renormalize_logits = false;  // the log-probabilities of a beam sum to 1 again after all processors
};

struct ScoredSequence {
  std::vector<std::int32_t> ids;  // new tokens, with the end token if any
  double score = 0;               // `sequences_scores` of Transformers
  FinishReason finish = FinishReason::kLength;
};

class BeamSearch {
 public:
  struct Beam {
    std::vector<std::int32_t> ids;  // new tokens
    float score;                    // sum of their log-probabilities
    std::size_t parent;             // beam of the previous step that it continues
  };
  // `count`: maximum number of new tokens, at least 1. With `do_sample`, tokens are drawn without replacement.
  BeamSearch(const BeamOptions& options, const SamplingOptions& sampling, std::vector<std::int32_t> eos_ids,
             std::int64_t count, std::uint64_t seed);

  const std::vector<Beam>& beams() const { return beams_; }             // best first
  std::size_t texts() const { return step_ == 0 ? 1 : beams_.size(); }  // all beams are the prompt at first
  std::int64_t step() const { return step_; }                           // number of new tokens of a beam
  // Log-probabilities [vocab] of the token after a beam, changed by the processors. Threads may add different beams.
  void add(std::size_t beam, std::span<const float> scores);
  void advance();  // after `add` of every text
  bool done() const { return done_; }
  // Ended texts, best first; if the search has not ended and there are none, the best beam.
  std::vector<ScoredSequence> best() const;

 private:
  struct Choice {
    float score;
    std::size_t beam;
    std::int32_t id;
    bool ends;
    double order;  // the higher, the better
  };
  std::size_t wanted() const;
  std::vector<Choice> choices();
  void keep_ended(const std::vector<Choice>& choices);
  double divisor(std::int64_t length) const;

  BeamOptions options_;
  SamplingOptions sampling_;
  std::vector<std::int32_t> eos_ids_;
  std::size_t most_;  // num_beams
  std::int64_t count_, step_ = 0;
  bool done_ = false;
  Rng rng_;
  std::vector<Beam> beams_;
  std::vector<ScoredSequence> ended_;             // best first, at most num_beams
  std::vector<std::vector<Candidate>> possible_;  // of every beam, in this step
};

}  // namespace linnet::generate
