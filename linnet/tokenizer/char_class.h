// Bit sets of Unicode characters by property, from Oniguruma's tables (Unicode 14).
//
//   if (letters().contains(code)) …
//   CharSet greek = CharSet::of_property("Greek");
#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace linnet {

class CharSet {
 public:
  CharSet();
  // A property by Oniguruma's name: "L", "White_Space", "Han". Unknown: kInvalidArgument.
  static CharSet of_property(const std::string& name);

  bool contains(std::uint32_t code) const { return code < kCodes && (bits_[code >> 6] >> (code & 63) & 1) != 0; }
  void insert(std::uint32_t first, std::uint32_t last);  // both ends are included
  void erase(std::uint32_t code) { bits_[code >> 6] &= ~(std::uint64_t{1} << (code & 63)); }
  CharSet& operator|=(const CharSet& other);
  CharSet& operator&=(const CharSet& other);
  // visit(code) for every member, ascending.
  template <class Visit>
  void for_each(Visit visit) const {
    for (std::uint32_t i = 0; i < bits_.size(); ++i)
      for (std::uint64_t left = bits_[i]; left != 0; left &= left - 1)
        visit(64 * i + static_cast<std::uint32_t>(std::countr_zero(left)));
  }

 private:
  static constexpr std::uint32_t kCodes = 0x110000;
  std::vector<std::uint64_t> bits_;
};

const CharSet& letters();      // L
const CharSet& numbers();      // N
const CharSet& white_space();  // White_Space
const CharSet& regex_words();  // \w of Rust's `regex`: Alphabetic, M, Nd, Pc, joiners

// Sets of the Unicode version of Hugging Face's `tokenizers` (crate unicode_categories: 8.0).
const CharSet& punctuation();        // P, and ASCII punctuation
const CharSet& nonspacing_marks();   // Mn
const CharSet& combining_marks();    // M, as in crate unicode-normalization-alignments (9.0)
const CharSet& other_characters();   // Cc, Cf, Co, Cs (not unassigned ones)
const CharSet& assigned_unicode9();  // characters of Unicode 9

// BERT's ideographs: each becomes a word.
inline bool is_cjk_ideograph(std::uint32_t c) {
  return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) || (c >= 0x20000 && c <= 0x2A6DF) ||
         (c >= 0x2A700 && c <= 0x2B73F) || (c >= 0x2B740 && c <= 0x2B81F) || (c >= 0x2B920 && c <= 0x2CEAF) ||
         (c >= 0xF900 && c <= 0xFAFF) || (c >= 0x2F800 && c <= 0x2FA1F);
}

// The script number of a character for the UnicodeScripts pre-tokenizer: Hiragana and Katakana count as Han; 0 (spaces,
// and characters without a script in `tokenizers`) joins any neighbour.
int script_group(std::uint32_t code);

}  // namespace linnet
