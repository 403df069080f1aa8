// Next-sentence prediction (BERT): does the second sentence follow the first?
//
//   std::vector<SentencePair> pairs = next_sentence_pairs(sentences_per_document, rng);
//   // pairs[i].label is 0 if the second one follows, as in Transformers
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "linnet/base/rng.h"

namespace linnet {

inline constexpr std::int32_t kIsNext = 0, kIsRandom = 1;

struct Sentence {
  std::size_t document = 0, index = 0;
  friend bool operator==(const Sentence&, const Sentence&) = default;
};

struct SentencePair {
  Sentence first, second;
  std::int32_t label = kIsNext;
};

// A pair for every sentence that has a next one: with equal probability the next one, or one of another document (if
// there is only one document: of the same). kInvalidArgument if there is no other sentence.
std::vector<SentencePair> next_sentence_pairs(std::span<const std::size_t> sentences, Rng& rng);

// Splits a text into sentences: up to '.', '!', '?' or '…' (and closing quotes) before white space, or a line end.
// White space belongs to the preceding sentence, so that the parts add up to the text.
std::vector<std::string_view> split_sentences(std::string_view text);

}  // namespace linnet
