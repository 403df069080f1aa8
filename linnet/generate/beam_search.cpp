#include "linnet/generate/beam_search.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>
#include <utility>

#include "linnet/base/error.h"

namespace linnet::generate {
namespace {

constexpr float kLow = -1e9f;  // Transformers' score of beams that are not to be chosen

// The `count` best tokens, unsorted.
std::vector<Candidate> best_tokens(std::span<const float> scores, std::size_t count) {
  const auto better = [](const Candidate& a, const Candidate& b) {
    return a.score > b.score || (a.score == b.score && a.id < b.id);
  };
  std::vector<Candidate> best;  // a heap whose first element is the worst
  count = std::min(count, scores.size());
  best.reserve(count + 1);
  for (std::size_t i = 0; i < scores.size(); ++i) {
    if (best.size() == count && scores[i] <= best.front().score) continue;
    best.push_back({static_cast<std::int32_t>(i), scores[i]});
    std::push_heap(best.begin(), best.end(), better);
    if (best.size() <= count) continue;
    std::pop_heap(best.begin(), best.end(), better);
    best.pop_back();
  }
  return best;
}

// log(sum(exp(scores)))
float log_sum(std::span<const float> scores) {
  const float most = scores.empty() ? 0 : *std::ranges::max_element(scores);
  double sum = 0;
  for (const float s : scores) sum += std::exp(static_cast<double>(s) - most);
  return most + static_cast<float>(std::log(sum));
}

}  // namespace

BeamSearch::BeamSearch(const BeamOptions& options, const SamplingOptions& sampling, std::vector<std::int32_t> eos_ids,
                       std::int64_t count, std::uint64_t seed)
    : options_(options),
      sampling_(sampling),
      eos_ids_(std::move(eos_ids)),
      most_(static_cast<std::size_t>(options.num_beams)),
      count_(count),
      rng_(seed) {
  beams_.assign(most_, {{}, kLow, 0});
  beams_[0].score = 0;
  possible_.resize(most_);
}

// At least num_beams of so many choices do not end a text.
std::size_t BeamSearch::wanted() const { return std::max<std::size_t>(2, 1 + eos_ids_.size()) * most_; }

double BeamSearch::divisor(std::int64_t length) const {
  return std::pow(static_cast<double>(length), options_.length_penalty);
}

void BeamSearch::add(std::size_t beam, std::span<const float> scores) {
  std::vector<Candidate>& tokens = possible_[beam];
  tokens = sampling_.do_sample ? candidates(scores, sampling_, eos_ids_.size() + 1) : best_tokens(scores, wanted());
  if (!options_.renormalize_logits) return;
  std::vector<float> kept;
  if (sampling_.do_sample) std::ranges::transform(tokens, std::back_inserter(kept), &Candidate::score);
  const float all = log_sum(sampling_.do_sample ? std::span<const float>(kept) : scores);
  for (Candidate& token : tokens) token.score -= all;
}

std::vector<BeamSearch::Choice> BeamSearch::choices() {
  if (step_ == 0) std::fill(possible_.begin() + 1, possible_.end(), possible_[0]);
  std::vector<Choice> all;
  for (std::size_t b = 0; b < beams_.size(); ++b)
    for (const Candidate& token : possible_[b]) {
      const float score = token.score + beams_[b].score;
      const bool ends = step_ + 1 == count_ || std::ranges::find(eos_ids_, token.id) != eos_ids_.end();
      // The highest of these numbers are a sample without replacement (Kool et al. 2019, Gumbel-top-k).
      const double noise = sampling_.do_sample ? -std::log(-std::log(1 - rng_.uniform())) : 0;
      all.push_back({score, b, token.id, ends, static_cast<double>(score) + noise});
    }
  const auto better = [](const Choice& a, const Choice& b) {
    return a.order != b.order ? a.order > b.order : a.beam != b.beam ? a.beam < b.beam : a.id < b.id;
  };
  const auto end = all.begin() + static_cast<std::ptrdiff_t>(std::min(wanted(), all.size()));
  std::partial_sort(all.begin(), end, all.end(), better);
  all.erase(end, all.end());
  return all;
}

// Only the first num_beams choices may end a text.
void BeamSearch::keep_ended(const std::vector<Choice>& choices) {
  for (std::size_t i = 0; i < std::min(most_, choices.size()); ++i) {
    const Choice& c = choices[i];
    const float score = c.score / static_cast<float>(divisor(step_ + 1));
    if (!c.ends || !(score > kLow)) continue;
    ScoredSequence text{beams_[c.beam].ids, score, FinishReason::kLength};
    text.ids.push_back(c.id);
    if (std::ranges::find(eos_ids_, c.id) != eos_ids_.end()) text.finish = FinishReason::kStop;
    ended_.push_back(std::move(text));
  }
  std::ranges::stable_sort(ended_, std::ranges::greater(), &ScoredSequence::score);
  if (ended_.size() > most_) ended_.resize(most_);
}

void BeamSearch::advance() {
  LINNET_ASSERT(!done_);
  std::vector<Choice> chosen = choices();
  keep_ended(chosen);
  const bool all_end = std::ranges::all_of(chosen, &Choice::ends);
  for (Choice& c : chosen)
    if (c.ends) c.score += kLow;
  std::ranges::stable_sort(chosen, std::ranges::greater(), &Choice::score);
  std::vector<Beam> next;
  for (std::size_t i = 0; i < std::min(most_, chosen.size()); ++i) {
    const std::size_t parent = step_ == 0 ? 0 : chosen[i].beam;  // the prompt is one text
    next.push_back({beams_[parent].ids, chosen[i].score, parent});
    next.back().ids.push_back(chosen[i].id);
  }
  ++step_;
  const bool full = ended_.size() == most_, never = options_.early_stopping == EarlyStopping::kNever;
  const std::int64_t length = never && options_.length_penalty > 0 ? count_ : step_;
  const float possible = next.empty() ? kLow : next[0].score / static_cast<float>(divisor(length));
  const bool improves = possible > (full ? static_cast<float>(ended_.back().score) : kLow);
  done_ = !improves || all_end || (full && options_.early_stopping == EarlyStopping::kYes);
  if (!all_end) beams_ = std::move(next);
}

std::vector<ScoredSequence> BeamSearch::best() const {
  if (ended_.empty())
    return {{beams_[0].ids, beams_[0].score / divisor(std::max<std::int64_t>(1, step_)), FinishReason::kStop}};
  const auto count = std::min(ended_.size(), static_cast<std::size_t>(options_.num_return_sequences));
  return {ended_.begin(), ended_.begin() + static_cast<std::ptrdiff_t>(count)};
}

}  // namespace linnet::generate
