// A request to score continuations of a prompt, as texts of an engine: the continuations form a tree, and each edge is
// a text that continues its parent's. The last token of a continuation is not computed, except for models whose
// rotations depend on the length: there a single continuation is scored as in one forward pass of prompt and
// continuation; several are not.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "linnet/generate/text.h"
#include "linnet/models/model.h"

namespace linnet::generate {

struct Score {
  double logprob = 0;
  std::int64_t tokens = 0;
  bool greedy = true;  // true if every token is the most likely one
};

struct ScoreRequest {
  std::vector<std::int32_t> prompt = {};                      // at least one token, except as in Request
  std::vector<std::vector<std::int32_t>> continuations = {};  // each at least one token
  std::int64_t shared = 0;                                    // length of the prompt's prefix that other requests share
  std::function<void(const std::vector<Score>&)> on_end = {};  // called once; without scores if cancelled
  // Called for every token of the continuations, those of one in their order, with log-probabilities of all tokens.
  std::function<void(std::int32_t token, std::span<const float> logprobs)> on_token = {};
  std::shared_ptr<const nn::SequenceAdapter> adapter = {};  // null: the model's own
  std::vector<std::int32_t> encoder_ids = {};               // of an encoder-decoder: the text that it reads
};

// An edge of the tree: tokens between two branching points.
struct Edge {
  std::vector<std::int32_t> tokens;
  std::vector<std::size_t> through;  // continuations that contain it
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
    std::function<void(std::int32_t, std::span<const float>)> on_token;
    std::int64_t longest = 0;  // prompt and continuation
    std::size_t texts = 0;     // number of unfinished texts
    bool stopped = false;
  };
  Scoring(std::shared_ptr<Shared> shared, const Edge& edge, std::vector<std::int32_t> before);
  void follow(const Edge& edge);
  const std::vector<Edge>& edges_behind() const { return edge_ != nullptr ? edge_->next : shared_->tree; }
  void add(const Edge& edge, std::int32_t token, std::span<const float> logprobs, std::int32_t likeliest);

  std::shared_ptr<Shared> shared_;
  const Edge* edge_ = nullptr;     // at the end of the text; null: the prompt
  std::vector<std::int32_t> ids_;  // the computed ones
  std::int64_t scored_ = 0;        // position of the first token whose logits are still needed
  bool whole_ = false;             // the last token is computed, too
};

}  // namespace linnet::generate
