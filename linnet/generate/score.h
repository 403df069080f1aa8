// How likely a model finds given continuations: log p(continuation | prompt), natural logarithm, summed over its
// tokens.
//
//   std::vector<ScoreRequest> requests{{prompt_ids, {positive_ids, negative_ids}}};
//   auto scores = score(model, requests);   // scores[0][1].logprob
//
// A client of the engine (engine.h): what all prompts share at their start is computed once; continuations of a prompt
// share a tree; the output matrix is applied only where a token is scored.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "linnet/generate/engine.h"

namespace linnet::generate {

struct ScoreOptions {
  std::int64_t batch_rows = nn::kBatchRows;                                // rows (tokens) computed together
  std::function<void(std::int64_t done, std::int64_t all)> progress = {};  // requests
};

// One entry a request, one score a continuation, in the order given. Errors as Scoring().
std::vector<std::vector<Score>> score(const models::Model& model, std::span<const ScoreRequest> requests,
                                      const ScoreOptions& options = {});

// The same for requests that come in portions: what all prompts so far begin with stays in the KV cache.
class ScoreSession {
 public:
  // The model must outlive the session.
  explicit ScoreSession(const models::Model& model, ScoreOptions options = {});
  // Their `shared` and `on_end` are the session's.
  std::vector<std::vector<Score>> score(std::span<const ScoreRequest> requests);

 private:
  std::int64_t shared_by(std::span<const ScoreRequest> requests);
  ScoreOptions options_;
  Engine engine_;
  std::optional<std::vector<std::int32_t>> shared_;  // what all prompts begin with; none before two were seen
};

struct PerplexityOptions {
  std::int64_t window = 512, stride = 256;
  std::int64_t limit = 0;  // tokens looked at; 0: all
  std::function<void(std::int64_t done, std::int64_t all)> progress = {};
};
struct Perplexity {
  double negative_log_likelihood = 0;  // sum over the tokens scored
  std::int64_t tokens = 0;
  double perplexity() const;
};
// Sliding windows as in Transformers' guide: every token is scored once, with the context its window has. One without
// any (the first of all, and of each window where the stride is the window) is left out.
Perplexity perplexity(const models::Model& model, std::span<const std::int32_t> ids,
                      const PerplexityOptions& options = {});

// Log-probabilities of `targets[i]` at hidden row `rows[i]`, in pieces so that scores over the vocabulary stay small.
struct TokenScore {
  double logprob;
  bool likeliest;
};
std::vector<TokenScore> token_scores(const models::Model& model, const Tensor& hidden,
                                     std::span<const std::int32_t> rows, std::span<const std::int32_t> targets);

}  // namespace linnet::generate
