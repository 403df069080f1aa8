#include "linnet/train/masking.h"

#include <algorithm>
#include <cmath>

#include "linnet/base/error.h"

namespace linnet {
namespace {

// `total` things in `parts` non-empty runs, every split equally likely (T5's random_segmentation).
std::vector<std::int64_t> segments(std::int64_t total, std::int64_t parts, Rng& rng) {
  std::vector<std::uint8_t> first(static_cast<std::size_t>(std::max<std::int64_t>(0, total - 1)), 0);
  for (std::int64_t i = 0; i < parts - 1; ++i) first[static_cast<std::size_t>(i)] = 1;
  rng.shuffle(first);
  std::vector<std::int64_t> lengths{1};
  for (const std::uint8_t starts : first) {
    if (starts) lengths.push_back(0);
    ++lengths.back();
  }
  return lengths;
}

std::int64_t poisson(double mean, Rng& rng) {  // Knuth: fine for small means
  const double limit = std::exp(-mean);
  std::int64_t k = 0;
  for (double p = rng.uniform(); p > limit; p *= rng.uniform()) ++k;
  return k;
}

}  // namespace

Masked mask_tokens(std::span<const std::int32_t> ids, std::span<const std::int32_t> words, const MaskingRule& rule,
                   Rng& rng) {
  LINNET_ASSERT(ids.size() == words.size() && rule.vocabulary > 0);
  Masked masked{{ids.begin(), ids.end()}, std::vector<std::int32_t>(ids.size(), -1)};
  bool chosen = false;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const bool goes_on = rule.whole_words && i > 0 && words[i] >= 0 && words[i] == words[i - 1];
    if (!goes_on) chosen = words[i] >= 0 && rng.uniform() < rule.probability;
    if (!chosen) continue;
    masked.targets[i] = ids[i];
    const double kind = rng.uniform();
    if (kind < 0.8) masked.ids[i] = rule.mask_id;
    else if (kind < 0.9) masked.ids[i] = static_cast<std::int32_t>(rng.below(static_cast<std::uint64_t>(rule.vocabulary)));
  }
  return masked;
}

Corrupted corrupt_spans(std::span<const std::int32_t> ids, std::span<const std::int32_t> sentinels, std::int32_t eos,
                        double density, double mean_span, Rng& rng) {
  const auto n = static_cast<std::int64_t>(ids.size());
  Corrupted result;
  if (n < 2) {
    result.input.assign(ids.begin(), ids.end());
  } else {
    const std::int64_t noise = std::clamp<std::int64_t>(std::llround(static_cast<double>(n) * density), 1, n - 1);
    std::int64_t spans = std::max<std::int64_t>(1, std::llround(static_cast<double>(noise) / mean_span));
    spans = std::min({spans, n - noise, static_cast<std::int64_t>(sentinels.size())});
    const auto noisy = segments(noise, spans, rng), kept = segments(n - noise, spans, rng);
    std::size_t at = 0;
    for (std::size_t s = 0; s < noisy.size(); ++s) {
      for (std::int64_t i = 0; i < kept[s]; ++i) result.input.push_back(ids[at++]);
      result.input.push_back(sentinels[s]);
      result.output.push_back(sentinels[s]);
      for (std::int64_t i = 0; i < noisy[s]; ++i) result.output.push_back(ids[at++]);
    }
  }
  result.input.push_back(eos);
  result.output.push_back(eos);
  return result;
}

std::vector<std::int32_t> infill(std::span<const std::int32_t> ids, std::int32_t mask_id, double ratio, double mean_span,
                                 Rng& rng) {
  const auto n = static_cast<std::int64_t>(ids.size());
  std::vector<std::uint8_t> gone(ids.size(), 0), mask_before(ids.size() + 1, 0);
  std::int64_t left = std::llround(static_cast<double>(n) * ratio);
  for (std::int64_t tries = 0; left > 0 && tries < 10 * n; ++tries) {
    const std::int64_t length = std::min(poisson(mean_span, rng), left);
    const auto begin = static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(n)));
    const std::int64_t end = std::min(n, begin + length);
    const auto from = gone.begin() + begin, to = gone.begin() + end;
    if (std::any_of(from, to, [](std::uint8_t g) { return g != 0; }) || gone[static_cast<std::size_t>(begin)]) continue;
    mask_before[static_cast<std::size_t>(begin)] = 1;  // an empty span is a mask put in
    std::fill(from, to, std::uint8_t{1});
    left -= std::max<std::int64_t>(1, end - begin);
  }
  std::vector<std::int32_t> out;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (mask_before[i]) out.push_back(mask_id);
    if (!gone[i]) out.push_back(ids[i]);
  }
  return out;
}

std::vector<std::int32_t> delete_tokens(std::span<const std::int32_t> ids, double probability, Rng& rng) {
  std::vector<std::int32_t> out;
  for (const std::int32_t id : ids)
    if (rng.uniform() >= probability) out.push_back(id);
  if (out.empty() && !ids.empty()) out.push_back(ids[0]);
  return out;
}

std::vector<std::int32_t> replace_tokens(std::span<const std::int32_t> ids, std::int64_t vocabulary, double probability,
                                         Rng& rng) {
  std::vector<std::int32_t> out(ids.begin(), ids.end());
  for (std::int32_t& id : out)
    if (rng.uniform() < probability) id = static_cast<std::int32_t>(rng.below(static_cast<std::uint64_t>(vocabulary)));
  return out;
}

std::vector<std::int32_t> shuffle_sentences(std::span<const std::int32_t> ids, std::span<const std::int32_t> ends,
                                            Rng& rng) {
  std::vector<std::vector<std::int32_t>> sentences(1);
  for (const std::int32_t id : ids) {
    sentences.back().push_back(id);
    if (std::find(ends.begin(), ends.end(), id) != ends.end()) sentences.emplace_back();
  }
  rng.shuffle(sentences);
  std::vector<std::int32_t> out;
  for (const auto& sentence : sentences) out.insert(out.end(), sentence.begin(), sentence.end());
  return out;
}

}  // namespace linnet
