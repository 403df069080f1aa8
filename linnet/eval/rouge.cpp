#include "linnet/eval/rouge.h"

#include <algorithm>
#include <map>
#include <set>

#include "linnet/base/error.h"
#include "linnet/eval/words.h"

namespace linnet {
namespace {

using Tokens = std::vector<std::string>;

double f_score(double hits, double predicted, double reference) {
  const double precision = hits / std::max(predicted, 1.0), recall = hits / std::max(reference, 1.0);
  return precision + recall > 0 ? 2 * precision * recall / (precision + recall) : 0;
}

double rouge_n(const Tokens& reference, const Tokens& predicted, std::size_t order) {
  const auto counts = [&](const Tokens& tokens) {
    std::map<Tokens, double> of;
    for (std::size_t i = 0; i + order <= tokens.size(); ++i)
      ++of[Tokens(tokens.begin() + static_cast<std::ptrdiff_t>(i),
                  tokens.begin() + static_cast<std::ptrdiff_t>(i + order))];
    return of;
  };
  const auto wanted = counts(reference), said = counts(predicted);
  double hits = 0, all_wanted = 0, all_said = 0;
  for (const auto& [ngram, count] : said) all_said += count;
  for (const auto& [ngram, count] : wanted) {
    all_wanted += count;
    if (const auto found = said.find(ngram); found != said.end()) hits += std::min(count, found->second);
  }
  return f_score(hits, all_said, all_wanted);
}

// Lengths of the longest common subsequences of all beginnings.
std::vector<std::vector<std::size_t>> lcs_table(const Tokens& a, const Tokens& b) {
  std::vector<std::vector<std::size_t>> table(a.size() + 1, std::vector<std::size_t>(b.size() + 1, 0));
  for (std::size_t i = 1; i <= a.size(); ++i)
    for (std::size_t j = 1; j <= b.size(); ++j)
      table[i][j] = a[i - 1] == b[j - 1] ? table[i - 1][j - 1] + 1 : std::max(table[i - 1][j], table[i][j - 1]);
  return table;
}

double rouge_l(const Tokens& reference, const Tokens& predicted) {
  const auto hits = static_cast<double>(lcs_table(reference, predicted).back().back());
  return f_score(hits, static_cast<double>(predicted.size()), static_cast<double>(reference.size()));
}

// Adds the places in `reference` of one of the longest common subsequences.
void add_lcs(const Tokens& reference, const Tokens& predicted, std::set<std::size_t>& places) {
  const auto table = lcs_table(reference, predicted);
  std::size_t i = reference.size(), j = predicted.size();
  while (i > 0 && j > 0) {
    if (reference[i - 1] == predicted[j - 1]) {
      places.insert(i - 1);
      --i;
      --j;
    } else if (table[i][j - 1] > table[i - 1][j]) {
      --j;
    } else {
      --i;
    }
  }
}

std::vector<Tokens> lines_of(std::string_view text) {
  std::vector<Tokens> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    if (end > 0) lines.push_back(rouge_tokens(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

double rouge_lsum(const std::vector<Tokens>& reference, const std::vector<Tokens>& predicted) {
  std::map<std::string, std::int64_t> left_in_reference, left_in_predicted;  // no token counts twice
  double wanted = 0, said = 0, hits = 0;
  for (const Tokens& line : reference)
    for (const std::string& token : line) ++left_in_reference[token], ++wanted;
  for (const Tokens& line : predicted)
    for (const std::string& token : line) ++left_in_predicted[token], ++said;
  if (wanted == 0 || said == 0) return 0;
  for (const Tokens& line : reference) {
    std::set<std::size_t> places;
    for (const Tokens& other : predicted) add_lcs(line, other, places);
    for (const std::size_t at : places) {
      std::int64_t& a = left_in_reference[line[at]];
      std::int64_t& b = left_in_predicted[line[at]];
      if (a <= 0 || b <= 0) continue;
      --a, --b, ++hits;
    }
  }
  return f_score(hits, said, wanted);
}

}  // namespace

std::vector<std::string> rouge_tokens(std::string_view text) {
  Tokens tokens;
  bool inside = false;
  for (const char c : lowercase(text)) {
    const bool counts = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (counts && !inside) tokens.emplace_back();
    if (counts) tokens.back() += c;
    inside = counts;
  }
  return tokens;
}

RougeScores rouge_scores(std::string_view predicted, std::span<const std::string> references) {
  LINNET_ASSERT(!references.empty());
  const Tokens said = rouge_tokens(predicted);
  const std::vector<Tokens> said_lines = lines_of(predicted);
  RougeScores best;
  for (const std::string& reference : references) {
    const Tokens wanted = rouge_tokens(reference);
    best.rouge1 = std::max(best.rouge1, rouge_n(wanted, said, 1));
    best.rouge2 = std::max(best.rouge2, rouge_n(wanted, said, 2));
    best.rouge_l = std::max(best.rouge_l, rouge_l(wanted, said));
    best.rouge_lsum = std::max(best.rouge_lsum, rouge_lsum(lines_of(reference), said_lines));
  }
  return best;
}

}  // namespace linnet
