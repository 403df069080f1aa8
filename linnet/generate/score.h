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
  std::int64_t batch_rows = nn::kBatchRows;                                // tokens per batch
  std::function<void(std::int64_t done, std::int64_t all)> progress = {};  // counts requests
};

// One entry per request, one score per continuation, in order. Throws like Scoring().
std::vector<std::vector<Score>> score(const models::Model& model, std::span<const ScoreRequest> requests,
                                      const ScoreOptions& options = {});

// The same for requests in portions: the common prefix of all prompts so far stays in the KV cache.
class ScoreSession {
 public:
  // The model must outlive the session.
  explicit ScoreSession(const models::Model& model, ScoreOptions options = {});
  // Sets their `shared` and `on_end`.
  std::vector<std::vector<Score>> score(std::span<const ScoreRequest> requests);

 private:
  std::int64_t shared_by(std::span<const ScoreRequest> requests);
  ScoreOptions options_;
  Engine engine_;
  std::optional<std::vector<std::int32_t>> shared_;  // common prefix of all prompts; unset before there are two
};

struct PerplexityOptions {
  std::int64_t window = 512, stride = 256;
  std::int64_t limit = 0;  // maximum number of tokens; 0: all
  std::function<void(std::int64_t done, std::int64_t all)> progress = {};
};
struct Perplexity {
  double negative_log_likelihood = 0;  // sum over the scored tokens
  std::int64_t tokens = 0;
  double perplexity() const;
};
// Sliding windows as in Transformers' guide: every token is scored once with the context of its window. Tokens without
// context are skipped (the first one, and that of each window if the stride is the window).
Perplexity perplexity(const models::Model& model, std::span<const std::int32_t> ids,
                      const PerplexityOptions& options = {});

// Log-probabilities of `targets[i]` at hidden row `rows[i]`, in pieces to limit the memory of logits.
struct TokenScore {
  double logprob;
  bool likeliest;
};
std::vector<TokenScore> token_scores(const models::Model& model, const Tensor& hidden,
                                     std::span<const std::int32_t> rows, std::span<const std::int32_t> targets);

}  // namespace linnet::generate
