#include "linnet/generate/sampling.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_set>

namespace linnet::generate {
namespace {

constexpr float kNever = -std::numeric_limits<float>::infinity();

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
void normalise(std::vector<Candidate>& sorted) {
  double total = 0;
  for (Candidate& c : sorted) total += c.probability = std::exp(static_cast<double>(c.score) - sorted.front().score);
  for (Candidate& c : sorted) c.probability /= total;
}

void keep_top_p(std::vector<Candidate>& sorted, double p, std::size_t least) {
  if (p >= 1) return;
  normalise(sorted);
  double sum = 0;
  std::size_t kept = 0;
  while (kept < sorted.size() && (sum < p || kept < least)) sum += sorted[kept++].probability;
  sorted.resize(kept);
}

void keep_min_p(std::vector<Candidate>& sorted, double share, std::size_t least) {
  if (share <= 0) return;
  normalise(sorted);
  const double lowest = share * sorted.front().probability;
  while (sorted.size() > least && sorted.back().probability < lowest) sorted.pop_back();
}

// Locally typical sampling (Meister et al., 2022).
void keep_typical(std::vector<Candidate>& sorted, double p, std::size_t least) {
  if (p >= 1) return;
  normalise(sorted);
  double entropy = 0;
  for (const Candidate& c : sorted)
    if (c.probability > 0) entropy -= c.probability * std::log(c.probability);
  std::vector<std::pair<double, std::size_t>> order;
  for (std::size_t i = 0; i < sorted.size(); ++i)
    order.emplace_back(std::abs(-std::log(sorted[i].probability) - entropy), i);
  std::sort(order.begin(), order.end());
  std::vector<Candidate> kept;
  double sum = 0;
  for (const auto& [distance, i] : order) {
    if (sum >= p && kept.size() >= least) break;
    sum += sorted[i].probability;
    kept.push_back(sorted[i]);
  }
  std::sort(kept.begin(), kept.end(), [](const Candidate& a, const Candidate& b) { return a.score > b.score; });
  sorted = std::move(kept);
}

void forbid(std::span<float> scores, std::span<const std::int32_t> ids) {
  for (const std::int32_t id : ids)
    if (id >= 0 && static_cast<std::size_t>(id) < scores.size()) scores[static_cast<std::size_t>(id)] = kNever;
}

void force(std::span<float> scores, std::span<const std::int32_t> ids) {
  if (ids.empty()) return;
  std::ranges::fill(scores, kNever);
  for (const std::int32_t id : ids)
    if (id >= 0 && static_cast<std::size_t>(id) < scores.size()) scores[static_cast<std::size_t>(id)] = 0;
}

}  // namespace

std::int32_t argmax(std::span<const float> scores) {
  return static_cast<std::int32_t>(std::max_element(scores.begin(), scores.end()) - scores.begin());
}

void process(std::span<float> scores, const SamplingOptions& options, const TokenRules& rules) {
  if (options.repetition_penalty != 1) {
    for (const std::int32_t id : std::unordered_set<std::int32_t>(rules.seen.begin(), rules.seen.end())) {
      float& s = scores[static_cast<std::size_t>(id)];
      s = s < 0 ? s * options.repetition_penalty : s / options.repetition_penalty;
    }
  }
  forbid_repeated_ngrams(scores, rules.seen, options.no_repeat_ngram_size);
  forbid_sequences(scores, rules.seen, options.bad_words);
  forbid(scores, rules.forbidden);
  force(scores, rules.forced);
  forbid(scores, options.suppress_tokens);
  if (rules.first) forbid(scores, options.begin_suppress_tokens);
}

std::vector<Candidate> candidates(std::span<const float> scores, const SamplingOptions& options, std::size_t least) {
  std::vector<Candidate> kept;
  kept.reserve(scores.size());
  for (std::size_t i = 0; i < scores.size(); ++i)
    if (scores[i] != kNever) kept.push_back({static_cast<std::int32_t>(i), scores[i] / options.temperature});
  if (kept.empty()) return kept;
  const auto likelier = [](const Candidate& a, const Candidate& b) {
    return a.score > b.score || (a.score == b.score && a.id < b.id);
  };
  std::size_t top = kept.size();
  if (options.top_k > 0) top = std::min(top, std::max(static_cast<std::size_t>(options.top_k), least));
  const auto end = kept.begin() + static_cast<std::ptrdiff_t>(top);
  std::partial_sort(kept.begin(), end, kept.end(), likelier);
  kept.erase(end, kept.end());
  keep_top_p(kept, options.top_p, least);
  keep_min_p(kept, options.min_p, least);
  keep_typical(kept, options.typical_p, least);
  return kept;
}

std::int32_t Sampler::choose(std::span<float> scores, const TokenRules& rules) {
  process(scores, options_, rules);
  return options_.do_sample ? sample(scores) : argmax(scores);
}

std::int32_t Sampler::sample(std::span<float> scores) {
  std::vector<Candidate> kept = candidates(scores, options_);
  if (kept.empty()) return argmax(scores);
  normalise(kept);
  double left = rng_.uniform();
  for (const Candidate& c : kept)
    if ((left -= c.probability) < 0) return c.id;
  return kept.back().id;
}

}  // namespace linnet::generate
