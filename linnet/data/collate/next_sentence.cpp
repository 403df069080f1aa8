#include "linnet/data/collate/next_sentence.h"

#include "linnet/base/error.h"

namespace linnet {
namespace {

// A sentence of another document, uniformly over all sentences.
Sentence elsewhere(std::span<const std::size_t> sentences, std::size_t document, std::size_t total, Rng& rng) {
  std::size_t at = rng.below(total - sentences[document]);
  for (std::size_t d = 0;; ++d) {
    if (d == document) continue;
    if (at < sentences[d]) return {d, at};
    at -= sentences[d];
  }
}

// A sentence of the same document except `index` and the next one.
Sentence apart(std::size_t document, std::size_t count, std::size_t index, Rng& rng) {
  const std::size_t at = rng.below(count - 2);
  return {document, at < index ? at : at + 2};
}

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

}  // namespace

std::vector<SentencePair> next_sentence_pairs(std::span<const std::size_t> sentences, Rng& rng) {
  std::size_t total = 0;
  for (const std::size_t count : sentences) total += count;
  std::vector<SentencePair> pairs;
  for (std::size_t d = 0; d < sentences.size(); ++d) {
    for (std::size_t i = 0; i + 1 < sentences[d]; ++i) {
      if (rng.next_u32() & 1) {
        pairs.push_back({{d, i}, {d, i + 1}, kIsNext});
        continue;
      }
      const bool others = total > sentences[d];
      check(others || sentences[d] > 2, "[next-sentence] two sentences are all there is: nothing else could follow");
      pairs.push_back(
          {{d, i}, others ? elsewhere(sentences, d, total, rng) : apart(d, sentences[d], i, rng), kIsRandom});
    }
  }
  return pairs;
}

std::vector<std::string_view> split_sentences(std::string_view text) {
  static constexpr std::string_view kClosers[] = {"\"", "'", ")", "]", "\u201D", "\u2019", "\u00BB"};
  std::vector<std::string_view> parts;
  std::size_t begin = 0, i = 0;
  const auto skip_closers = [&] {
    for (bool more = true; more;) {
      more = false;
      for (const std::string_view closer : kClosers)
        if (text.substr(i).starts_with(closer)) {
          i += closer.size();
          more = true;
        }
    }
  };
  while (i < text.size()) {
    const bool mark = text[i] == '.' || text[i] == '!' || text[i] == '?';
    const bool dots = text.substr(i).starts_with("\u2026");
    const bool line = text[i] == '\n';
    i += dots ? 3 : 1;
    if (mark || dots) skip_closers();
    if (!line && !((mark || dots) && i < text.size() && is_space(text[i]))) continue;
    while (i < text.size() && is_space(text[i])) ++i;
    parts.push_back(text.substr(begin, i - begin));
    begin = i;
  }
  if (begin < text.size()) parts.push_back(text.substr(begin));
  return parts;
}

}  // namespace linnet
