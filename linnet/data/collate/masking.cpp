#include "linnet/data/collate/masking.h"

#include "linnet/base/error.h"

namespace linnet {
namespace {

void check_options(std::size_t tokens, std::size_t words, const MaskOptions& options) {
  check(words == tokens, "[mask] {} word numbers for {} tokens", words, tokens);
  check(options.probability >= 0 && options.probability <= 1, "[mask] the probability {} is not between 0 and 1",
        options.probability);
  check(options.mask_share >= 0 && options.random_share >= 0 && options.mask_share + options.random_share <= 1 + 1e-9,
        "[mask] the shares {} and {} are no parts of 1", options.mask_share, options.random_share);
  check(options.vocab_size > 0 && options.mask_id >= 0 && options.mask_id < options.vocab_size,
        "[mask] the mask {} is not an id of a vocabulary of {}; does the tokenizer have a mask token?", options.mask_id,
        options.vocab_size);
}

// Selects tokens; all of a word or none.
std::vector<bool> choose(std::span<const std::int32_t> words, const MaskOptions& options, Rng& rng) {
  std::vector<bool> chosen(words.size(), false);
  bool last = false;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] < 0) continue;
    const bool goes_on = options.unit == MaskUnit::kWord && i > 0 && words[i] == words[i - 1];
    if (!goes_on) last = rng.uniform() < options.probability;
    chosen[i] = last;
  }
  return chosen;
}

}  // namespace

Masked mask_tokens(std::span<const std::int32_t> ids, std::span<const std::int32_t> words, const MaskOptions& options,
                   Rng& rng) {
  check_options(ids.size(), words.size(), options);
  Masked made{{ids.begin(), ids.end()}, std::vector<std::int32_t>(ids.size(), kIgnored)};
  const std::vector<bool> chosen = choose(words, options, rng);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (!chosen[i]) continue;
    made.labels[i] = ids[i];
    const double draw = options.unit == MaskUnit::kWord ? 0.0 : rng.uniform();
    if (options.unit == MaskUnit::kWord || draw < options.mask_share) {
      made.ids[i] = options.mask_id;
    } else if (draw < options.mask_share + options.random_share) {
      made.ids[i] = static_cast<std::int32_t>(rng.below(static_cast<std::uint64_t>(options.vocab_size)));
    }
  }
  return made;
}

std::vector<std::int32_t> word_numbers(std::span<const std::pair<std::int64_t, std::int64_t>> offsets,
                                       std::span<const std::int32_t> special) {
  check(offsets.size() == special.size(), "[mask] {} offsets, {} marks of special tokens", offsets.size(),
        special.size());
  std::vector<std::int32_t> words(offsets.size(), -1);
  std::int32_t word = -1;
  for (std::size_t i = 0; i < offsets.size(); ++i) {
    if (special[i]) continue;
    if (i == 0 || special[i - 1] || offsets[i].first != offsets[i - 1].second) ++word;
    words[i] = word;
  }
  return words;
}

}  // namespace linnet
