// BLEU and chrF of a corpus, as sacrebleu with its defaults: BLEU with the tokenizer 13a and exponential smoothing
// (Papineni et al., 2002; Post, 2018), chrF with characters up to 6-grams and beta 2 (Popović, 2015).
//
//   corpus_bleu({"the cat"}, {{"the cat", "a cat"}}), corpus_chrf(…)             // 0 … 100
//   bleu_counts(…) + bleu_counts(…)                                             // of resampled sets
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace linnet {

// Numbers of a text that the score of a set is made of: they are added.
struct BleuCounts {
  static constexpr std::size_t kOrder = 4;
  double predicted = 0, reference = 0;  // tokens
  std::array<double, kOrder> hits{}, all{};

  void add(const BleuCounts& other, double times = 1);
  double score() const;
};
struct ChrfCounts {
  static constexpr std::size_t kOrder = 6;
  std::array<double, kOrder> predicted{}, reference{}, hits{};

  void add(const ChrfCounts& other, double times = 1);
  double score() const;
};

std::vector<std::string> tokens_13a(std::string_view text);
// There is at least one reference.
BleuCounts bleu_counts(std::string_view predicted, std::span<const std::string> references);
ChrfCounts chrf_counts(std::string_view predicted, std::span<const std::string> references);

using References = std::vector<std::vector<std::string>>;  // of each text
double corpus_bleu(const std::vector<std::string>& predicted, const References& references);
double corpus_chrf(const std::vector<std::string>& predicted, const References& references);

}  // namespace linnet
