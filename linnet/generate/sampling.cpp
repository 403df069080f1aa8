#include "linnet/generate/sampling.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_set>

namespace linnet::generate {
namespace {

constexpr float kNever = -std::numeric_limits<float>::infinity();

struct Candidate {
  std::int32_t id;
  float score;
  double probability = 0;
};

void forbid_repeated_ngrams(std::span<float> scores, std::span<const std::int32_t> seen, std::int64_t size) {
  const auto n = static_cast<std::size_t>(size);
  if (n == 0 || seen.size() + 1 < n) return;
  const auto tail = seen.subspan(seen.size() + 1 - n);
  for (std::size_t at = 0; at + n <= seen.size(); ++at)
    if (std::equal(tail.begin(), tail.end(), seen.begin() + static_cast<std::ptrdiff_t>(at)))
      scores[static_cast<std::size_t>(seen[at + n - 1])] = kNever;
}

// Forbids the last token of a sequence after its other tokens.
void forbid_sequences(std::span<float> scores, std::span<const std::int32_t> seen,
                      std::span<const std::vector<std::int32_t>> sequences) {
  for (const auto& sequence : sequences) {
    if (sequence.empty() || sequence.size() > seen.size() + 1) continue;
    const auto last = static_cast<std::size_t>(sequence.back());
    const auto tail = seen.last(sequence.size() - 1);
    if (last < scores.size() && std::equal(tail.begin(), tail.end(), sequence.begin())) scores[last] = kNever;
  }
}

// Softmax of candidates that are sorted by score, highest first.
void normalise(std::vector<Candidate>& candidates) {
  double total = 0;
  for (Candidate& c : candidates)
    total += c.probability = std::exp(static_cast<double>(c.score) - candidates.front().score);
  for (Candidate& c : candidates) c.probability /= total;
}

void keep_top_p(std::vector<Candidate>& candidates, double p) {
  if (p >= 1) return;
  normalise(candidates);
  double sum = 0;
  std::size_t kept = 0;
  while (kept < candidates.size() && sum < p) sum += candidates[kept++].probability;
  candidates.resize(std::max<std::size_t>(1, kept));
}

void keep_min_p(std::vector<Candidate>& candidates, double share) {
  if (share <= 0) return;
  normalise(candidates);
  const double least = share * candidates.front().probability;
  std::erase_if(candidates, [&](const Candidate& c) { return c.probability < least; });
}

// Locally typical sampling (Meister et al., 2022).
void keep_typical(std::vector<Candidate>& candidates, double p) {
  if (p >= 1) return;
  normalise(candidates);
  double entropy = 0;
  for (const Candidate& c : candidates)
    if (c.probability > 0) entropy -= c.probability * std::log(c.probability);
  std::vector<std::pair<double, std::size_t>> order;
  for (std::size_t i = 0; i < candidates.size(); ++i)
    order.emplace_back(std::abs(-std::log(candidates[i].probability) - entropy), i);
  std::sort(order.begin(), order.end());
  std::vector<Candidate> kept;
  double sum = 0;
  for (const auto& [distance, i] : order) {
    if (sum >= p && !kept.empty()) break;
    sum += candidates[i].probability;
    kept.push_back(candidates[i]);
  }
  std::sort(kept.begin(), kept.end(), [](const Candidate& a, const Candidate& b) { return a.score > b.score; });
  candidates = std::move(kept);
}

}  // namespace

std::int32_t argmax(std::span<const float> scores) {
  return static_cast<std::int32_t>(std::max_element(scores.begin(), scores.end()) - scores.begin());
}

void Sampler::process(std::span<float> scores, std::span<const std::int32_t> seen) const {
  if (options_.repetition_penalty != 1) {
    for (const std::int32_t id : std::unordered_set<std::int32_t>(seen.begin(), seen.end())) {
      float& s = scores[static_cast<std::size_t>(id)];
      s = s < 0 ? s * options_.repetition_penalty : s / options_.repetition_penalty;
    }
  }
  forbid_repeated_ngrams(scores, seen, options_.no_repeat_ngram_size);
  forbid_sequences(scores, seen, options_.bad_words);
}

std::int32_t Sampler::choose(std::span<float> scores, std::span<const std::int32_t> seen,
                             std::span<const std::int32_t> forbidden, bool first) {
  process(scores, seen);
  const auto forbid = [&](std::span<const std::int32_t> ids) {
    for (const std::int32_t id : ids)
      if (id >= 0 && static_cast<std::size_t>(id) < scores.size()) scores[static_cast<std::size_t>(id)] = kNever;
  };
  forbid(forbidden);
  forbid(options_.suppress_tokens);
  if (first) forbid(options_.begin_suppress_tokens);
  return options_.do_sample ? sample(scores) : argmax(scores);
}

std::int32_t Sampler::sample(std::span<float> scores) {
  const auto top = options_.top_k > 0 ? std::min<std::size_t>(static_cast<std::size_t>(options_.top_k), scores.size())
                                      : scores.size();
  std::vector<Candidate> candidates;
  candidates.reserve(scores.size());
  for (std::size_t i = 0; i < scores.size(); ++i)
    if (scores[i] != kNever) candidates.push_back({static_cast<std::int32_t>(i), scores[i] / options_.temperature});
  if (candidates.empty()) return argmax(scores);
  const auto likelier = [](const Candidate& a, const Candidate& b) {
    return a.score > b.score || (a.score == b.score && a.id < b.id);
  };
  const auto end = candidates.begin() + static_cast<std::ptrdiff_t>(std::min(top, candidates.size()));
  std::partial_sort(candidates.begin(), end, candidates.end(), likelier);
  candidates.erase(end, candidates.end());
  keep_top_p(candidates, options_.top_p);
  keep_min_p(candidates, options_.min_p);
  keep_typical(candidates, options_.typical_p);
  normalise(candidates);
  double left = rng_.uniform();
  for (const Candidate& c : candidates)
    if ((left -= c.probability) < 0) return c.id;
  return candidates.back().id;
}

}  // namespace linnet::generate
