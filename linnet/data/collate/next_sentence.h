// Next-sentence prediction (BERT): does the second sentence follow the first?
//
//   std::vector<SentencePair> pairs = next_sentence_pairs(sentences_per_document, rng);
//   // pairs[i].label is 0 where the second one does follow: Transformers' order, and the one people get wrong
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

// A pair for every sentence that has a next one: with equal chance its next, or one from another document (from
// elsewhere in its own where there is only one). kInvalidArgument where no other sentence exists.
std::vector<SentencePair> next_sentence_pairs(std::span<const std::size_t> sentences, Rng& rng);

// Sentences of a text: up to '.', '!', '?' or '…' (and closing quotes) before white space, or a line end. The white
// space between goes with the sentence before it, so that the parts together are the text.
std::vector<std::string_view> split_sentences(std::string_view text);

}  // namespace linnet
