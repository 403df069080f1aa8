#include "linnet/generate/scoring.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <utility>

#include "linnet/base/error.h"
#include "linnet/generate/generator.h"

namespace linnet::generate {
namespace {

using Ids = std::vector<std::int32_t>;

std::vector<Edge> grow(const std::vector<Ids>& continuations, const std::vector<std::size_t>& members,
                       std::size_t depth) {
  std::map<std::int32_t, std::vector<std::size_t>> by_token;
  for (const std::size_t m : members)
    if (continuations[m].size() > depth) by_token[continuations[m][depth]].push_back(m);
  std::vector<Edge> edges;
  for (auto& [token, through] : by_token) {
    std::size_t end = depth + 1;
    const Ids& first = continuations[through.front()];
    const auto agree = [&](std::size_t m) {
      return continuations[m].size() > end && continuations[m][end] == first[end];
    };
    while (first.size() > end && std::ranges::all_of(through, agree)) ++end;
    Edge edge{Ids(first.begin() + static_cast<std::ptrdiff_t>(depth), first.begin() + static_cast<std::ptrdiff_t>(end)),
              through,
              {}};
    edge.next = grow(continuations, through, end);
    edges.push_back(std::move(edge));
  }
  return edges;
}

// The row before its token scores it, and no edge follows.
bool needs_no_rows(const Edge& edge) { return edge.tokens.size() == 1 && edge.next.empty(); }

void check_ids(const models::Model& model, const Ids& ids, const char* what) {
  check(!ids.empty(), "[score] a {} has no tokens", what);
  for (const std::int32_t id : ids)
    check(id >= 0 && id < model.config().vocab, "[score] token {} is outside the vocabulary of {}", id,
          model.config().vocab);
}

}  // namespace

std::vector<Edge> edges_of(const std::vector<Ids>& continuations) {
  std::vector<std::size_t> all(continuations.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  return grow(continuations, all, 0);
}

Scoring::Scoring(const models::Model& model, ScoreRequest request) : shared_(std::make_shared<Shared>()) {
  require_next_tokens(model);
  request.prompt = prompt_or_start(model, std::move(request.prompt));
  check_ids(model, request.prompt, "prompt");
  for (const Ids& continuation : request.continuations) check_ids(model, continuation, "continuation");
  shared_->scores.resize(request.continuations.size());
  shared_->tree = edges_of(request.continuations);
  shared_->on_end = std::move(request.on_end);
  shared_->on_token = std::move(request.on_token);
  shared_->texts = 1;
  ids_ = std::move(request.prompt);
  scored_ = std::ssize(ids_) - 1;
  for (const Ids& continuation : request.continuations)
    shared_->longest = std::max(shared_->longest, std::ssize(ids_) + std::ssize(continuation));
  // The last token is scored, not computed. Positions without a table may exceed the context.
  const std::int64_t context = context_of(model, request.adapter.get());
  check(model.config().positions != nn::Positions::kLearned || shared_->longest - 1 <= context,
        "prompt and continuation have {} tokens to read, the model's context is {}; shorten the prompt",
        shared_->longest - 1, context);
  whole_ = request.continuations.size() == 1 && nn::depends_on_length(model.config().rope.kind);
  // A common prefix of all continuations is computed with the prompt.
  if (shared_->tree.size() == 1 && (whole_ || !needs_no_rows(shared_->tree.front()))) follow(shared_->tree.front());
}

Scoring::Scoring(std::shared_ptr<Shared> shared, const Edge& edge, Ids before)
    : shared_(std::move(shared)), ids_(std::move(before)), scored_(std::ssize(ids_)) {
  ++shared_->texts;
  follow(edge);
}

void Scoring::follow(const Edge& edge) {
  edge_ = &edge;
  ids_.insert(ids_.end(), edge.tokens.begin(), edge.tokens.end() - (edge.next.empty() && !whole_ ? 1 : 0));
}

void Scoring::take(std::span<float> scores) {
  const std::int32_t likeliest = argmax(scores);
  backend(kCpu).log_softmax(scores.data(), scores.data(), 1, std::ssize(scores));
  if (++scored_ < std::ssize(ids_)) return add(*edge_, ids_[static_cast<std::size_t>(scored_)], scores, likeliest);
  for (const Edge& edge : edges_behind()) add(edge, edge.tokens.front(), scores, likeliest);
  if (edge_ != nullptr && edge_->next.empty() && !whole_) add(*edge_, edge_->tokens.back(), scores, likeliest);
}

void Scoring::add(const Edge& edge, std::int32_t token, std::span<const float> logprobs, std::int32_t likeliest) {
  for (const std::size_t i : edge.through) {
    Score& score = shared_->scores[i];
    score.logprob += logprobs[static_cast<std::size_t>(token)];
    score.greedy = score.greedy && token == likeliest;
    ++score.tokens;
  }
  if (shared_->on_token) shared_->on_token(token, logprobs);
}

std::vector<std::unique_ptr<Text>> Scoring::next() {
  std::vector<std::unique_ptr<Text>> texts;
  if (shared_->stopped) return texts;
  for (const Edge& edge : edges_behind())
    if (!needs_no_rows(edge)) texts.push_back(std::unique_ptr<Text>(new Scoring(shared_, edge, ids_)));
  return texts;
}

bool Scoring::goes_on() const { return !std::ranges::all_of(edges_behind(), needs_no_rows); }

void Scoring::finish() {
  if (--shared_->texts > 0 || !shared_->on_end) return;
  shared_->on_end(shared_->stopped ? std::vector<Score>() : shared_->scores);
}

}  // namespace linnet::generate
