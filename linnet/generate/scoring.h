// One request to score continuations of a prompt, as the texts that an engine computes: the continuations are a tree,
// and each of its edges is a text that begins where the one above it ends. The last token of a continuation is not
// computed, but for a model whose rotations depend on a text's length: there a single continuation is scored as in one
// forward pass of prompt and continuation, several are not.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "linnet/generate/text.h"
#include "linnet/models/model.h"

namespace linnet::generate {

struct Score {
  double logprob = 0;
  std::int64_t tokens = 0;
  bool greedy = true;  // every token is the likeliest one
};

struct ScoreRequest {
  std::vector<std::int32_t> prompt;                      // at least one token
  std::vector<std::vector<std::int32_t>> continuations;  // each at least one token
  std::int64_t shared = 0;  // tokens at the prompt's start that other requests begin with, too: kept for them
  std::function<void(const std::vector<Score>&)> on_end = {};  // once; no scores where it was cancelled
};

// The tokens from one place where continuations part or end to the next.
struct Edge {
  std::vector<std::int32_t> tokens;
  std::vector<std::size_t> through;  // continuations that run along it
  std::vector<Edge> next;
};
std::vector<Edge> edges_of(const std::vector<std::vector<std::int32_t>>& continuations);

class Scoring : public Text {
 public:
  // kBadInput: no causal language model. kInvalidArgument: no tokens, or one outside the vocabulary.
  Scoring(const models::Model& model, ScoreRequest request);

  const std::vector<std::int32_t>& ids() const override { return ids_; }
  std::int64_t longest() const override { return shared_->longest; }
  std::int64_t first_scored() const override { return scored_; }
  void take(std::span<float> scores) override;
  bool ended() const override { return shared_->stopped || scored_ == std::ssize(ids_); }
  void stop() override { shared_->stopped = true; }
  std::vector<std::unique_ptr<Text>> next() override;
  bool goes_on() const override;
  void finish() override;

 private:
  struct Shared {
    std::vector<Edge> tree;
    std::vector<Score> scores;
    std::function<void(const std::vector<Score>&)> on_end;
    std::int64_t longest = 0;  // prompt and continuation
    std::size_t texts = 0;     // not finished
    bool stopped = false;
  };
  Scoring(std::shared_ptr<Shared> shared, const Edge& edge, std::vector<std::int32_t> before);
  void follow(const Edge& edge);
  const std::vector<Edge>& edges_behind() const { return edge_ != nullptr ? edge_->next : shared_->tree; }
  void add(const Edge& edge, std::int32_t token, std::span<const float> logprobs, std::int32_t likeliest);

  std::shared_ptr<Shared> shared_;
  const Edge* edge_ = nullptr;     // at the end of the text; none: it is the prompt
  std::vector<std::int32_t> ids_;  // those that are computed
  std::int64_t scored_ = 0;        // the place of the first whose scores are still wanted
  bool whole_ = false;             // the last token is computed, too
};

}  // namespace linnet::generate
