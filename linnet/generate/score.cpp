#include "linnet/generate/score.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "linnet/base/error.h"
#include "linnet/generate/generator.h"

namespace linnet::generate {
namespace {

using Ids = std::vector<std::int32_t>;

constexpr std::size_t kRowsAtOnce = 64;  // 64 rows of 50,000 logits are 13 MB, which stay in cache

}  // namespace

std::vector<TokenScore> token_scores(const models::Model& model, const Tensor& hidden,
                                     std::span<const std::int32_t> rows, std::span<const std::int32_t> targets) {
  std::vector<TokenScore> result(rows.size());
  // Targets of the same row are adjacent, so that its logits are computed once.
  std::vector<std::size_t> order(rows.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return rows[a] < rows[b]; });
  for (std::size_t at = 0; at < order.size();) {
    Ids distinct;
    std::vector<std::pair<std::size_t, std::size_t>> wanted;  // (index, position in `distinct`)
    for (; at < order.size(); ++at) {
      if (distinct.empty() || distinct.back() != rows[order[at]]) {
        if (distinct.size() == kRowsAtOnce) break;
        distinct.push_back(rows[order[at]]);
      }
      wanted.emplace_back(order[at], distinct.size() - 1);
    }
    Tensor scores = model.logits(hidden, distinct).to(kCpu);
    const std::int64_t vocab = scores.size(1);
    float* values = scores.data<float>().data();
    std::vector<std::int32_t> best;
    for (std::size_t r = 0; r < distinct.size(); ++r)
      best.push_back(argmax({values + static_cast<std::int64_t>(r) * vocab, static_cast<std::size_t>(vocab)}));
    backend(kCpu).log_softmax(values, values, scores.size(0), vocab);
    for (const auto& [index, place] : wanted) {
      check(targets[index] >= 0 && targets[index] < vocab, "[score] token {} is outside the vocabulary of {}",
            targets[index], vocab);
      result[index] = {values[static_cast<std::int64_t>(place) * vocab + targets[index]],
                       best[place] == targets[index]};
    }
  }
  return result;
}

std::vector<std::vector<Score>> score(const models::Model& model, std::span<const ScoreRequest> requests,
                                      const ScoreOptions& options) {
  return ScoreSession(model, options).score(requests);
}

ScoreSession::ScoreSession(const models::Model& model, ScoreOptions options)
    : options_(std::move(options)), engine_(model, {.batch_tokens = options_.batch_rows}) {
  require_next_tokens(model);
}

// Length of the common prefix of all prompts so far, without the last token of each: its row scores the continuation.
std::int64_t ScoreSession::shared_by(std::span<const ScoreRequest> requests) {
  if (requests.empty() || (!shared_ && requests.size() < 2)) return 0;
  Ids common = shared_ ? *shared_ : requests.front().prompt;
  for (const ScoreRequest& r : requests) {
    const auto begin = std::span(r.prompt).first(r.prompt.empty() ? 0 : r.prompt.size() - 1);
    common.erase(std::ranges::mismatch(common, begin).in1, common.end());
  }
  if (shared_ && common.size() < shared_->size()) engine_.forget_all_but(common);
  shared_ = std::move(common);
  return std::ssize(*shared_);
}

std::vector<std::vector<Score>> ScoreSession::score(std::span<const ScoreRequest> requests) {
  const std::int64_t shared = shared_by(requests);
  struct Answers {
    std::vector<std::vector<Score>> scores;
    std::int64_t done = 0;
  };
  // Shared with the requests: after an exception of a step they outlive this function.
  const auto answers = std::make_shared<Answers>();
  answers->scores.resize(requests.size());
  std::vector<RequestId> submitted;
  try {
    for (std::size_t i = 0; i < requests.size(); ++i) {
      const auto on_end = [this, answers, i, all = requests[i].continuations.size()](const std::vector<Score>& scores) {
        answers->scores[i] = scores;
        if (scores.size() == all && options_.progress) options_.progress(++answers->done, std::ssize(answers->scores));
      };
      submitted.push_back(engine_.submit({.prompt = requests[i].prompt,
                                          .continuations = requests[i].continuations,
                                          .shared = shared,
                                          .on_end = on_end,
                                          .adapter = requests[i].adapter,
                                          .encoder_ids = requests[i].encoder_ids}));
    }
    while (engine_.step()) {
    }
  } catch (...) {
    for (const RequestId id : submitted) engine_.cancel(id);
    throw;
  }
  return std::move(answers->scores);
}

double Perplexity::perplexity() const {
  return tokens == 0 ? 1.0 : std::exp(negative_log_likelihood / static_cast<double>(tokens));
}

Perplexity perplexity(const models::Model& model, std::span<const std::int32_t> ids, const PerplexityOptions& options) {
  require_causal_lm(model);
  check(options.stride > 0 && options.window > 0 && options.stride <= options.window,
        "a stride of {} does not fit a window of {}; give 1 to the window", options.stride, options.window);
  const std::int64_t length = options.limit > 0 ? std::min(options.limit, std::ssize(ids)) : std::ssize(ids);
  check(length >= 2, "[perplexity] the text has {} tokens, at least 2 are needed", length);
  const auto part = [&](std::int64_t begin, std::int64_t end) { return Ids(ids.begin() + begin, ids.begin() + end); };
  constexpr std::size_t kWindowsAtOnce = 64;
  ScoreSession session(model);
  Perplexity result;
  for (std::int64_t begin = 0, scored = 1; scored < length;) {
    std::vector<ScoreRequest> windows;
    for (; scored < length && windows.size() < kWindowsAtOnce; begin += options.stride) {
      const std::int64_t end = std::min(begin + options.window, length), first = std::max(scored, begin + 1);
      if (first < end) windows.push_back({part(begin, first), {part(first, end)}});
      scored = end;
    }
    for (const auto& window : session.score(windows)) {
      result.negative_log_likelihood -= window.front().logprob;
      result.tokens += window.front().tokens;
    }
    if (options.progress) options.progress(scored, length);
  }
  return result;
}

}  // namespace linnet::generate
