// Encodes texts, truncates them on the tokenizer's truncation_side and counts this. No other code truncates texts.
//
//   TextCutter cutter(tokenizer, 512);
//   Encoding e = cutter.encode("a long text");
//   cutter.note_cut();                          // note: 1 of 1 texts was cut to 512 tokens, …
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "linnet/tokenizer/tokenizer.h"

namespace linnet {

class TextCutter {
 public:
  // max_length: tokens of a text or a pair, with special ones; 0: no limit. `options`: other options of the caller.
  TextCutter(const Tokenizer& tokenizer, std::int64_t max_length, EncodeOptions options = {});

  // `second`: the other text of a pair.
  Encoding encode(std::string_view first, std::optional<std::string_view> second = {},
                  TruncationStrategy strategy = TruncationStrategy::kLongestFirst);

  std::int64_t max_length() const { return max_length_; }
  std::int64_t full_length() const { return full_length_; }  // tokens of the last text before truncation
  std::int64_t texts() const { return texts_; }              // so far
  std::int64_t cut_texts() const { return cut_; }            // of them
  // Prints a note with the number of truncated texts, if any.
  void note_cut() const;

 private:
  Tokenizer tokenizer_;  // a copy shares its tables
  std::int64_t max_length_, full_length_ = 0, texts_ = 0, cut_ = 0;
  EncodeOptions options_;
};

}  // namespace linnet
