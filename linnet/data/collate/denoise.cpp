#include "linnet/data/collate/denoise.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "linnet/base/error.h"

namespace linnet {
namespace {

void check_probability(double probability, const char* what) {
  check(probability >= 0 && probability <= 1, "[denoise] {} {} is not between 0 and 1", what, probability);
}

// Splits `items` into `segments` non-empty runs, uniformly over all divisions.
std::vector<std::size_t> random_segments(std::size_t items, std::size_t segments, Rng& rng) {
  std::vector<std::uint8_t> first(items - 1, 0);  // does a run start after item i?
  std::fill_n(first.begin(), segments - 1, 1);
  rng.shuffle(first);
  std::vector<std::size_t> lengths(1, 1);
  for (const std::uint8_t begins : first) {
    if (begins) lengths.push_back(0);
    ++lengths.back();
  }
  return lengths;
}

// Lengths of infilling spans: Poisson until they cover `budget`; the last one is truncated.
std::vector<std::size_t> span_lengths(std::size_t budget, double mean, Rng& rng) {
  std::vector<std::size_t> lengths;
  for (std::size_t covered = 0; covered < budget;) {
    const std::size_t length = std::min(poisson(mean, rng), budget - covered);
    lengths.push_back(length);
    covered += length;
  }
  return lengths;
}

}  // namespace

std::size_t poisson(double mean, Rng& rng) {
  check(mean >= 0 && mean <= 500, "[denoise] a mean of {} is not between 0 and 500", mean);
  // Knuth: the number of uniform factors until their product is below e^-mean.
  const double floor = std::exp(-mean);
  std::size_t count = 0;
  for (double product = rng.uniform(); product > floor && count < 1000; product *= rng.uniform()) ++count;
  return count;
}

Denoised corrupt_spans(std::span<const std::int32_t> ids, const SpanOptions& options, Rng& rng) {
  check_probability(options.density, "the density");
  check(options.mean_span >= 1, "[denoise] a mean span of {} is below 1", options.mean_span);
  check(!options.sentinels.empty(), "[denoise] the tokenizer has no sentinel tokens (<extra_id_0>, …)");
  Denoised made;
  const std::size_t n = ids.size();
  if (n >= 2) {
    const auto round = [](double v) { return static_cast<std::size_t>(std::nearbyint(v)); };
    const std::size_t noise = std::clamp<std::size_t>(round(static_cast<double>(n) * options.density), 1, n - 1);
    std::size_t spans = std::max<std::size_t>(round(static_cast<double>(noise) / options.mean_span), 1);
    spans = std::min({spans, n - noise, options.sentinels.size()});
    const auto noise_lengths = random_segments(noise, spans, rng),
               text_lengths = random_segments(n - noise, spans, rng);
    auto at = ids.begin();
    for (std::size_t i = 0; i < spans; ++i) {
      made.source.insert(made.source.end(), at, at + static_cast<std::ptrdiff_t>(text_lengths[i]));
      at += static_cast<std::ptrdiff_t>(text_lengths[i]);
      made.source.push_back(options.sentinels[i]);
      made.target.push_back(options.sentinels[i]);
      made.target.insert(made.target.end(), at, at + static_cast<std::ptrdiff_t>(noise_lengths[i]));
      at += static_cast<std::ptrdiff_t>(noise_lengths[i]);
    }
  } else if (n == 1) {  // no token can stay: the single one is masked
    made.source.push_back(options.sentinels[0]);
    made.target = {options.sentinels[0], ids[0]};
  }
  if (options.eos_id >= 0) {
    made.source.push_back(options.eos_id);
    made.target.push_back(options.eos_id);
  }
  return made;
}

std::vector<std::int32_t> infill(std::span<const std::int32_t> ids, const InfillOptions& options, Rng& rng) {
  check_probability(options.share, "the share");
  check(options.mask_id >= 0, "[denoise] the tokenizer has no mask token");
  check(options.mean_span > 0, "[denoise] a mean span of {} is not positive", options.mean_span);
  const std::size_t n = ids.size();
  const auto budget = std::min(n, static_cast<std::size_t>(std::ceil(static_cast<double>(n) * options.share)));
  std::vector<std::size_t> lengths = span_lengths(budget, options.mean_span, rng);
  const auto inserts = static_cast<std::size_t>(std::count(lengths.begin(), lengths.end(), std::size_t{0}));
  std::erase(lengths, std::size_t{0});
  // Spans are in different gaps between kept tokens, so that no two are adjacent; excess ones are joined.
  const std::size_t kept = n - budget;
  while (lengths.size() > kept + 1) {
    lengths[lengths.size() - 2] += lengths.back();
    lengths.pop_back();
  }
  std::vector<std::uint8_t> gap(kept + 1, 0);
  std::fill_n(gap.begin(), lengths.size(), 1);
  rng.shuffle(gap);
  std::vector<std::int32_t> out;
  std::size_t at = 0, span = 0;
  for (std::size_t i = 0; i <= kept; ++i) {
    if (gap[i]) {
      out.push_back(options.mask_id);
      at += lengths[span++];
    }
    if (i < kept) out.push_back(ids[at++]);
  }
  for (std::size_t i = 0; i < inserts; ++i)
    out.insert(out.begin() + static_cast<std::ptrdiff_t>(rng.below(out.size() + 1)), options.mask_id);
  return out;
}

std::vector<std::int32_t> permute_sentences(std::span<const std::int32_t> ids, std::span<const std::size_t> starts,
                                            Rng& rng) {
  check(ids.empty() || (!starts.empty() && starts[0] == 0), "[denoise] the first sentence starts at 0");
  std::vector<std::size_t> order(starts.size());
  std::iota(order.begin(), order.end(), 0);
  rng.shuffle(order);
  std::vector<std::int32_t> out;
  out.reserve(ids.size());
  for (const std::size_t sentence : order) {
    const std::size_t begin = starts[sentence], end = sentence + 1 < starts.size() ? starts[sentence + 1] : ids.size();
    check(begin <= end && end <= ids.size(), "[denoise] a sentence from {} to {} of {} tokens", begin, end, ids.size());
    out.insert(out.end(), ids.begin() + static_cast<std::ptrdiff_t>(begin),
               ids.begin() + static_cast<std::ptrdiff_t>(end));
  }
  return out;
}

std::vector<std::int32_t> delete_tokens(std::span<const std::int32_t> ids, double probability, Rng& rng) {
  check_probability(probability, "the probability");
  std::vector<std::int32_t> out;
  for (const std::int32_t id : ids)
    if (!(rng.uniform() < probability)) out.push_back(id);
  if (out.empty() && !ids.empty()) out.push_back(ids[rng.below(ids.size())]);
  return out;
}

std::vector<std::int32_t> replace_tokens(std::span<const std::int32_t> ids, double probability, std::int64_t vocab_size,
                                         Rng& rng) {
  check_probability(probability, "the probability");
  check(vocab_size > 0, "[denoise] a vocabulary of {}", vocab_size);
  std::vector<std::int32_t> out(ids.begin(), ids.end());
  for (std::int32_t& id : out)
    if (rng.uniform() < probability) id = static_cast<std::int32_t>(rng.below(static_cast<std::uint64_t>(vocab_size)));
  return out;
}

}  // namespace linnet
