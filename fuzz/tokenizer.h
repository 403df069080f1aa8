// Invariants of a tokenizer from a hostile file: ids below the vocabulary's size, offsets inside the text, no exception
// except kBadInput.
#pragma once

#include <array>
#include <span>

#include "fuzz/input.h"
#include "linnet/tokenizer/tokenizer.h"

namespace linnet::fuzz {

inline constexpr std::array<std::string_view, 5> kTexts{
    "", "hello world", "Hello,  w\xC3\xB6rld!\n\t12345 <s>[MASK] \xE2\x96\x81x",
    "\xE4\xBD\xA0\xE5\xA5\xBD\xF0\x9F\x98\x80", "\xFF\xC3 broken \x80"};

// Texts in which all positions are similar, for which matching is slowest.
inline const std::array<std::string, 4>& long_texts() {
  static const std::array<std::string, 4> texts = [] {
    std::array<std::string, 4> all{std::string(2000, 'a'), std::string(500, ' '), "", ""};
    for (int i = 0; i < 300; ++i) all[2] += "\xC3\xA9", all[3] += "ab <s>";
    return all;
  }();
  return texts;
}

inline void exercise(const Tokenizer& tokenizer, std::string_view own) {
  std::vector<std::string_view> texts(kTexts.begin(), kTexts.end());
  texts.push_back(own.substr(0, 64));
  texts.insert(texts.end(), long_texts().begin(), long_texts().end());
  for (const std::string_view text : texts) {
    survives([&] {
      const Encoding e = tokenizer.encode(text, kTexts[1]);
      LINNET_ASSERT(e.offsets.size() == e.size() && e.tokens.size() == e.size() && e.type_ids.size() == e.size());
      for (const auto& [begin, end] : e.offsets) LINNET_ASSERT(0 <= begin && begin <= end);
      for (const std::int32_t id : e.ids) LINNET_ASSERT(id >= 0 && id < tokenizer.vocab_size());
      tokenizer.decode(e.ids, false);
      StreamDecoder stream(tokenizer);
      for (const std::int32_t id : e.ids) stream.push(id);
      stream.finish();
    });
  }
}

}  // namespace linnet::fuzz
