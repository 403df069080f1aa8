#include "linnet/generate/score.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "linnet/base/error.h"
#include "linnet/generate/generator.h"

namespace linnet::generate {
namespace {

using Ids = std::vector<std::int32_t>;
using Sequence = nn::KvCache::Sequence;
using Room = nn::KvCache::Room;

// The continuations of one prompt as a tree: an edge holds the tokens up to the next place where they part or end.
struct Branch {
  Ids tokens;
  std::vector<std::size_t> through;  // continuations that run along this edge
  std::vector<Branch> next;
};

std::vector<Branch> grow(const std::vector<Ids>& continuations, const std::vector<std::size_t>& members,
                         std::size_t depth) {
  std::map<std::int32_t, std::vector<std::size_t>> by_token;
  for (const std::size_t m : members)
    if (continuations[m].size() > depth) by_token[continuations[m][depth]].push_back(m);
  std::vector<Branch> branches;
  for (auto& [token, group] : by_token) {
    std::size_t end = depth + 1;
    const Ids& first = continuations[group.front()];
    const auto agree = [&](std::size_t m) {
      return continuations[m].size() > end && continuations[m][end] == first[end];
    };
    while (first.size() > end && std::all_of(group.begin(), group.end(), agree)) ++end;
    Branch branch{
        Ids(first.begin() + static_cast<std::ptrdiff_t>(depth), first.begin() + static_cast<std::ptrdiff_t>(end)),
        group,
        {}};
    branch.next = grow(continuations, group, end);
    branches.push_back(std::move(branch));
  }
  return branches;
}

// Scored by the row it starts behind: nothing of it is computed.
bool needs_no_rows(const Branch& branch) { return branch.tokens.size() == 1 && branch.next.empty(); }
bool end_at_once(const std::vector<Branch>& branches) { return std::ranges::all_of(branches, needs_no_rows); }

// One edge to be computed: it starts behind `start`, whose last hidden row scored its first token already.
struct Work {
  std::size_t request;
  const Branch* branch;
  Sequence start;
};

}  // namespace

// One call of a session.
class Scorer {
 public:
  Scorer(ScoreSession& session, std::span<const ScoreRequest> requests)
      : session_(session), model_(session.model_), requests_(requests), options_(session.options_) {
    for (const ScoreRequest& r : requests) {
      check(!r.prompt.empty(), "[score] a prompt has no tokens");
      scores_.emplace_back(r.continuations.size());
      for (const Ids& c : r.continuations) check(!c.empty(), "[score] a continuation has no tokens");
    }
  }

  std::vector<std::vector<Score>> run() {
    compute_shared_prefix();
    std::vector<std::int64_t> lengths;
    for (const ScoreRequest& r : requests_) lengths.push_back(std::ssize(r.prompt) - shared_);
    std::int64_t done = 0;
    for (const auto& members : nn::even_batches(lengths, options_.share ? options_.batch_rows : 1)) {
      run_batch(members);
      done += std::ssize(members);
      if (options_.progress) options_.progress(done, std::ssize(requests_));
    }
    return std::move(scores_);
  }

 private:
  // What all prompts begin with is computed once, and shrinks when later ones differ. The last token stays out: its row
  // scores the first token to come.
  void compute_shared_prefix() {
    if (!options_.share || requests_.empty()) return;
    const bool known = session_.shared_.has_value();
    if (!known && requests_.size() < 2) return;
    const Ids& first = known ? *session_.shared_ : requests_.front().prompt;
    std::size_t common = known ? first.size() : first.size() - 1;
    for (const ScoreRequest& r : requests_) {
      common = std::min(common, r.prompt.size() - 1);
      const auto end = first.begin() + static_cast<std::ptrdiff_t>(common);
      common = static_cast<std::size_t>(std::mismatch(first.begin(), end, r.prompt.begin()).first - first.begin());
    }
    Sequence& prefix = session_.prefix_;
    if (known)
      session_.cache_.truncate(prefix, prefix.length() - static_cast<std::int64_t>(first.size() - common));
    else if (common > 0)
      forward({{&prefix, std::span(first).first(common)}}, Room::kAllLayers);
    session_.shared_ = Ids(first.begin(), first.begin() + static_cast<std::ptrdiff_t>(common));
    shared_ = static_cast<std::int64_t>(common);
  }

  struct Piece {
    Sequence* sequence;
    std::span<const std::int32_t> ids;
  };
  // Hidden rows of all pieces, one after another; each sequence grows by its piece.
  Tensor forward(const std::vector<Piece>& pieces, Room room, nn::OutputRows output = nn::OutputRows::kAll) {
    nn::Packed batch;
    std::vector<Sequence*> sequences;
    for (const Piece& p : pieces) {
      batch.add(p.ids, {}, static_cast<std::int32_t>(p.sequence->length()));
      sequences.push_back(p.sequence);
    }
    return model_.forward(batch, {.cache = &session_.cache_, .sequences = sequences, .room = room, .output = output});
  }

  void run_batch(const std::vector<std::size_t>& members) {
    std::vector<Sequence> texts(members.size());
    std::vector<Piece> pieces;
    pieces.reserve(members.size());
    for (std::size_t i = 0; i < members.size(); ++i) {
      texts[i] = session_.cache_.fork(session_.prefix_);
      pieces.push_back({&texts[i], std::span(requests_[members[i]].prompt).subspan(static_cast<std::size_t>(shared_))});
    }
    std::vector<std::vector<Branch>> trees;
    trees.reserve(members.size());
    for (const std::size_t m : members) trees.push_back(tree_of(requests_[m].continuations));
    // Continuations begin after a prompt's last row.
    const Tensor hidden = forward(pieces, std::ranges::all_of(trees, end_at_once) ? Room::kOneLayer : Room::kAllLayers,
                                  options_.share ? nn::OutputRows::kLast : nn::OutputRows::kAll);
    std::vector<Work> level;
    std::int32_t row = -1;
    for (std::size_t i = 0; i < members.size(); ++i) {
      row += options_.share ? 1 : static_cast<std::int32_t>(pieces[i].ids.size());
      for (const Branch& branch : trees[i]) {
        ask(row, branch.tokens.front(), members[i], branch);
        if (!needs_no_rows(branch)) level.push_back({members[i], &branch, texts[i]});
      }
    }
    answer(hidden);
    while (!level.empty()) level = run_level(level);
  }

  std::vector<Branch> tree_of(const std::vector<Ids>& continuations) const {
    std::vector<std::size_t> all(continuations.size());
    std::iota(all.begin(), all.end(), std::size_t{0});
    if (options_.share) return grow(continuations, all, 0);
    std::vector<Branch> alone;
    alone.reserve(all.size());
    for (const std::size_t m : all) alone.push_back({continuations[m], {m}, {}});
    return alone;
  }

  // Computes the edges of one level in batches and returns the edges below them.
  std::vector<Work> run_level(std::vector<Work>& level) {
    std::vector<Work> below;
    for (std::size_t at = 0; at < level.size();) {
      std::vector<Piece> pieces;
      std::int64_t rows = 0;
      Room room = Room::kOneLayer;
      const std::size_t begin = at;
      for (; at < level.size() && (pieces.empty() || (rows < options_.batch_rows && options_.share)); ++at) {
        const Branch& branch = *level[at].branch;
        const std::size_t fed = branch.tokens.size() - (branch.next.empty() ? 1 : 0);
        pieces.push_back({&level[at].start, std::span(branch.tokens).first(fed)});
        if (!end_at_once(branch.next)) room = Room::kAllLayers;
        rows += static_cast<std::int64_t>(fed);
      }
      const Tensor hidden = forward(pieces, room);
      std::int32_t row = 0;
      for (std::size_t i = begin; i < at; ++i) {
        const Branch& branch = *level[i].branch;
        for (std::size_t t = 1; t < branch.tokens.size(); ++t)
          ask(row + static_cast<std::int32_t>(t) - 1, branch.tokens[t], level[i].request, branch);
        row += static_cast<std::int32_t>(pieces[i - begin].ids.size());
        for (const Branch& next : branch.next) {
          ask(row - 1, next.tokens.front(), level[i].request, next);
          if (!needs_no_rows(next)) below.push_back({level[i].request, &next, level[i].start});
        }
      }
      answer(hidden);
    }
    return below;
  }

  void ask(std::int32_t row, std::int32_t token, std::size_t request, const Branch& branch) {
    rows_.push_back(row);
    targets_.push_back(token);
    asked_by_.emplace_back(request, &branch);
  }

  void answer(const Tensor& hidden) {
    const auto answers = token_scores(model_, hidden, rows_, targets_);
    for (std::size_t i = 0; i < answers.size(); ++i) {
      for (const std::size_t m : asked_by_[i].second->through) {
        Score& s = scores_[asked_by_[i].first][m];
        s.logprob += answers[i].logprob;
        s.greedy = s.greedy && answers[i].likeliest;
        ++s.tokens;
      }
    }
    rows_.clear(), targets_.clear(), asked_by_.clear();
  }

  ScoreSession& session_;
  const models::Model& model_;
  std::span<const ScoreRequest> requests_;
  const ScoreOptions& options_;
  std::int64_t shared_ = 0;
  std::vector<std::vector<Score>> scores_;
  std::vector<std::int32_t> rows_, targets_;
  std::vector<std::pair<std::size_t, const Branch*>> asked_by_;
};

constexpr std::size_t kRowsAtOnce = 64;  // 64 rows of 50,000 scores are 13 MB: they stay near the cores

std::vector<TokenScore> token_scores(const models::Model& model, const Tensor& hidden,
                                     std::span<const std::int32_t> rows, std::span<const std::int32_t> targets) {
  std::vector<TokenScore> result(rows.size());
  // Several targets of one row stand side by side: its scores are computed once.
  std::vector<std::size_t> order(rows.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return rows[a] < rows[b]; });
  for (std::size_t at = 0; at < order.size();) {
    Ids distinct;
    std::vector<std::pair<std::size_t, std::size_t>> wanted;  // (index, place in `distinct`)
    for (; at < order.size(); ++at) {
      if (distinct.empty() || distinct.back() != rows[order[at]]) {
        if (distinct.size() == kRowsAtOnce) break;
        distinct.push_back(rows[order[at]]);
      }
      wanted.emplace_back(order[at], distinct.size() - 1);
    }
    Tensor scores = model.logits(hidden, distinct);
    const std::int64_t vocab = scores.size(1);
    float* values = scores.data<float>().data();
    std::vector<std::int32_t> best;
    for (std::size_t r = 0; r < distinct.size(); ++r)
      best.push_back(argmax({values + static_cast<std::int64_t>(r) * vocab, static_cast<std::size_t>(vocab)}));
    backend().log_softmax(values, values, scores.size(0), vocab);
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
    : model_(model), options_(std::move(options)), cache_(model.make_cache()) {
  require_causal_lm(model);
}

std::vector<std::vector<Score>> ScoreSession::score(std::span<const ScoreRequest> requests) {
  return Scorer(*this, requests).run();
}

double Perplexity::perplexity() const {
  return tokens == 0 ? 1.0 : std::exp(negative_log_likelihood / static_cast<double>(tokens));
}

Perplexity perplexity(const models::Model& model, std::span<const std::int32_t> ids, const PerplexityOptions& options) {
  require_causal_lm(model);
  check(options.stride > 0 && options.window > 0 && options.stride <= options.window,
        "a stride of {} does not fit a window of {}; give 1 to the window", options.stride, options.window);
  const auto all = static_cast<std::int64_t>(ids.size());
  const std::int64_t length = options.limit > 0 ? std::min(options.limit, all) : all;
  check(length >= 2, "[perplexity] the text has {} tokens, at least 2 are needed", length);
  Perplexity result;
  for (std::int64_t begin = 0, scored = 1; scored < length; begin += options.stride) {
    const std::int64_t end = std::min(begin + options.window, length);
    nn::Packed batch;
    batch.add(ids.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin)));
    const Tensor hidden = model.forward(batch);
    Ids rows, targets;
    for (std::int64_t t = std::max(scored, begin + 1); t < end; ++t) {
      rows.push_back(static_cast<std::int32_t>(t - 1 - begin));
      targets.push_back(ids[static_cast<std::size_t>(t)]);
    }
    for (const TokenScore& s : token_scores(model, hidden, rows, targets)) result.negative_log_likelihood -= s.logprob;
    result.tokens += static_cast<std::int64_t>(rows.size());
    scored = end;
    if (options.progress) options.progress(end, length);
  }
  return result;
}

}  // namespace linnet::generate
