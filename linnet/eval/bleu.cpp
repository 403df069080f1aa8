#include "linnet/eval/bleu.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "linnet/base/error.h"
#include "linnet/eval/words.h"

namespace linnet {
namespace {

using Codes = std::vector<std::uint32_t>;

bool is_digit(std::uint32_t c) { return c >= '0' && c <= '9'; }
bool is_stop(std::uint32_t c) { return c == '.' || c == ','; }

// [\{-\~\[-\` -\&\(-\+\:-\@\/]: ASCII marks except ' , - .
bool is_split(std::uint32_t c) {
  return (c >= '{' && c <= '~') || (c >= '[' && c <= '`') || (c >= ' ' && c <= '&') || (c >= '(' && c <= '+') ||
         (c >= ':' && c <= '@') || c == '/';
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != text.npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

Codes with_marks_apart(const Codes& text) {
  Codes out;
  for (const std::uint32_t c : text) {
    if (is_split(c))
      out.insert(out.end(), {' ', c, ' '});
    else
      out.push_back(c);
  }
  return out;
}

// Replaces pairs of characters from left to right; the two of a pair belong to no other.
template <class Matches, class Replace>
Codes with_pairs(const Codes& text, const Matches& matches, const Replace& replace) {
  Codes out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i + 1 < text.size() && matches(text[i], text[i + 1])) {
      replace(out, text[i], text[i + 1]);
      ++i;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

template <class Item>
using NgramCounts = std::map<std::vector<Item>, double>;

template <class Item>
NgramCounts<Item> ngrams_of(const std::vector<Item>& items, std::size_t order) {
  NgramCounts<Item> counts;
  for (std::size_t i = 0; i + order <= items.size(); ++i)
    ++counts[std::vector<Item>(items.begin() + static_cast<std::ptrdiff_t>(i),
                               items.begin() + static_cast<std::ptrdiff_t>(i + order))];
  return counts;
}

Codes without_spaces(std::string_view text) {
  Codes codes = code_points(text);
  std::erase_if(codes, is_space);
  return codes;
}

// Of equally close lengths the shorter one.
double closest_length(double predicted, const std::vector<double>& lengths) {
  return *std::min_element(lengths.begin(), lengths.end(), [&](double a, double b) {
    const double from_a = std::abs(a - predicted), from_b = std::abs(b - predicted);
    return from_a != from_b ? from_a < from_b : a < b;
  });
}

ChrfCounts chrf_counts_of(const Codes& predicted, const Codes& reference) {
  ChrfCounts counts;
  for (std::size_t n = 0; n < ChrfCounts::kOrder; ++n) {
    const NgramCounts<std::uint32_t> wanted = ngrams_of(reference, n + 1);
    for (const auto& [ngram, count] : wanted) counts.reference[n] += count;
    for (const auto& [ngram, count] : ngrams_of(predicted, n + 1)) {
      counts.predicted[n] += wanted.empty() ? 0 : count;
      if (const auto found = wanted.find(ngram); found != wanted.end())
        counts.hits[n] += std::min(count, found->second);
    }
  }
  return counts;
}

}  // namespace

std::vector<std::string> tokens_13a(std::string_view sentence) {
  std::string text(sentence);
  replace_all(text, "<skipped>", "");
  replace_all(text, "-\n", "");
  replace_all(text, "\n", " ");
  replace_all(text, "&quot;", "\"");
  replace_all(text, "&amp;", "&");
  replace_all(text, "&lt;", "<");
  replace_all(text, "&gt;", ">");
  Codes codes = with_marks_apart(code_points(" " + text + " "));
  codes = with_pairs(
      codes, [](auto a, auto b) { return !is_digit(a) && is_stop(b); },
      [](Codes& out, auto a, auto b) {
        out.insert(out.end(), {a, ' ', b, ' '});
      });
  codes = with_pairs(
      codes, [](auto a, auto b) { return is_stop(a) && !is_digit(b); },
      [](Codes& out, auto a, auto b) {
        out.insert(out.end(), {' ', a, ' ', b});
      });
  codes = with_pairs(
      codes, [](auto a, auto b) { return is_digit(a) && b == '-'; },
      [](Codes& out, auto a, auto b) {
        out.insert(out.end(), {a, ' ', b, ' '});
      });
  return split_words(utf8_of(codes.data(), codes.data() + codes.size()));
}

void BleuCounts::add(const BleuCounts& other, double times) {
  predicted += times * other.predicted;
  reference += times * other.reference;
  for (std::size_t n = 0; n < kOrder; ++n) {
    hits[n] += times * other.hits[n];
    all[n] += times * other.all[n];
  }
}

double BleuCounts::score() const {
  if (std::ranges::all_of(hits, [](double h) { return h == 0; })) return 0;
  const double brevity = predicted < reference ? std::exp(1 - reference / predicted) : 1;
  double logarithms = 0, smooth = 1;
  for (std::size_t n = 0; n < kOrder; ++n) {
    if (all[n] == 0) return 0;  // sacrebleu's logarithm of 0 is -9999999999
    if (hits[n] == 0) smooth *= 2;
    logarithms += std::log(100 * (hits[n] == 0 ? 1 / (smooth * all[n]) : hits[n] / all[n]));
  }
  return brevity * std::exp(logarithms / static_cast<double>(kOrder));
}

BleuCounts bleu_counts(std::string_view predicted, std::span<const std::string> references) {
  LINNET_ASSERT(!references.empty());
  const std::vector<std::string> tokens = tokens_13a(predicted);
  BleuCounts counts{.predicted = static_cast<double>(tokens.size())};
  std::vector<std::vector<std::string>> wanted;
  std::vector<double> lengths;
  for (const std::string& reference : references) {
    wanted.push_back(tokens_13a(reference));
    lengths.push_back(static_cast<double>(wanted.back().size()));
  }
  counts.reference = closest_length(counts.predicted, lengths);
  for (std::size_t n = 0; n < BleuCounts::kOrder; ++n) {
    NgramCounts<std::string> most;
    for (const auto& words : wanted)
      for (const auto& [ngram, count] : ngrams_of(words, n + 1)) most[ngram] = std::max(most[ngram], count);
    for (const auto& [ngram, count] : ngrams_of(tokens, n + 1)) {
      counts.all[n] += count;
      if (const auto found = most.find(ngram); found != most.end()) counts.hits[n] += std::min(count, found->second);
    }
  }
  return counts;
}

void ChrfCounts::add(const ChrfCounts& other, double times) {
  for (std::size_t n = 0; n < kOrder; ++n) {
    predicted[n] += times * other.predicted[n];
    reference[n] += times * other.reference[n];
    hits[n] += times * other.hits[n];
  }
}

double ChrfCounts::score() const {
  constexpr double kFactor = 4;  // beta squared
  double precision = 0, recall = 0, orders = 0;
  for (std::size_t n = 0; n < kOrder; ++n) {
    if (predicted[n] == 0 || reference[n] == 0) continue;
    precision += hits[n] / predicted[n];
    recall += hits[n] / reference[n];
    ++orders;
  }
  if (precision + recall == 0) return 0;
  precision /= orders;
  recall /= orders;
  return 100 * (1 + kFactor) * precision * recall / (kFactor * precision + recall);
}

ChrfCounts chrf_counts(std::string_view predicted, std::span<const std::string> references) {
  LINNET_ASSERT(!references.empty());
  const Codes said = without_spaces(predicted);
  ChrfCounts best = chrf_counts_of(said, without_spaces(references.front()));
  for (const std::string& reference : references.subspan(1)) {
    const ChrfCounts counts = chrf_counts_of(said, without_spaces(reference));
    if (counts.score() > best.score()) best = counts;
  }
  return best;
}

double corpus_bleu(const std::vector<std::string>& predicted, const References& references) {
  BleuCounts sum;
  for (std::size_t i = 0; i < predicted.size(); ++i) sum.add(bleu_counts(predicted[i], references[i]));
  return sum.score();
}

double corpus_chrf(const std::vector<std::string>& predicted, const References& references) {
  ChrfCounts sum;
  for (std::size_t i = 0; i < predicted.size(); ++i) sum.add(chrf_counts(predicted[i], references[i]));
  return sum.score();
}

}  // namespace linnet
