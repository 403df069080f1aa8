#include "linnet/eval/squad.h"

#include <algorithm>
#include <iterator>

#include "linnet/base/utf8.h"
#include "linnet/eval/words.h"

namespace linnet {
namespace {

bool is_punctuation(std::uint32_t code) {
  return (code >= '!' && code <= '/') || (code >= ':' && code <= '@') || (code >= '[' && code <= '`') ||
         (code >= '{' && code <= '~');
}

// Without the runs of word characters that are an article.
std::string without_articles(const std::vector<std::uint32_t>& codes) {
  std::string text;
  for (std::size_t begin = 0, end = 0; begin < codes.size(); begin = end) {
    const bool word = is_word_character(codes[begin]);
    while (end < codes.size() && is_word_character(codes[end]) == word) ++end;
    const std::string run = utf8_of(codes.data() + begin, codes.data() + end);
    text += run == "a" || run == "an" || run == "the" ? " " : run;
  }
  return text;
}

double words_f1(const std::string& predicted, const std::string& answer) {
  std::vector<std::string> a = split_words(predicted), b = split_words(answer), same;
  if (a.empty() || b.empty()) return a.empty() && b.empty() ? 1 : 0;
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(same));
  return 2 * static_cast<double>(same.size()) / static_cast<double>(a.size() + b.size());
}

}  // namespace

std::string squad_normalized(std::string_view text) {
  std::vector<std::uint32_t> codes = code_points(lowercase(text));
  std::erase_if(codes, is_punctuation);
  std::string normalized;
  for (const std::string& word : split_words(without_articles(codes)))
    normalized += (normalized.empty() ? "" : " ") + word;
  return normalized;
}

SquadScore squad_score(std::string_view predicted, const std::vector<std::string>& answers) {
  const std::string said = squad_normalized(predicted);
  SquadScore best;
  for (const std::string& answer : answers.empty() ? std::vector<std::string>{""} : answers) {
    const std::string wanted = squad_normalized(answer);
    best.exact = std::max(best.exact, said == wanted ? 1.0 : 0.0);
    best.f1 = std::max(best.f1, words_f1(said, wanted));
  }
  return best;
}

}  // namespace linnet
