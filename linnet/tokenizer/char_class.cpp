#include "linnet/tokenizer/char_class.h"

#include <oniguruma.h>

#include <array>
#include <mutex>
#include <span>

#include "linnet/base/error.h"

namespace linnet {
namespace {

CharSet join(std::initializer_list<const char*> names) {
  CharSet all;
  for (const char* name : names) all |= CharSet::of_property(name);
  return all;
}

struct Range {
  std::uint32_t first, last;
};
#include "linnet/tokenizer/character_age.inc"

CharSet without(CharSet set, std::span<const Range> younger) {
  for (const Range& r : younger)
    for (std::uint32_t c = r.first; c <= r.last; ++c) set.erase(c);
  return set;
}

// The scripts of Hugging Face's table, in any order: only equality matters.
constexpr std::array kScripts{"Adlam",
                              "Ahom",
                              "Anatolian_Hieroglyphs",
                              "Arabic",
                              "Armenian",
                              "Avestan",
                              "Balinese",
                              "Bamum",
                              "Bassa_Vah",
                              "Batak",
                              "Bengali",
                              "Bhaiksuki",
                              "Bopomofo",
                              "Brahmi",
                              "Braille",
                              "Buginese",
                              "Buhid",
                              "Canadian_Aboriginal",
                              "Carian",
                              "Caucasian_Albanian",
                              "Chakma",
                              "Cham",
                              "Cherokee",
                              "Common",
                              "Coptic",
                              "Cuneiform",
                              "Cypriot",
                              "Cyrillic",
                              "Deseret",
                              "Devanagari",
                              "Duployan",
                              "Egyptian_Hieroglyphs",
                              "Elbasan",
                              "Ethiopic",
                              "Georgian",
                              "Glagolitic",
                              "Gothic",
                              "Grantha",
                              "Greek",
                              "Gujarati",
                              "Gurmukhi",
                              "Hangul",
                              "Hanunoo",
                              "Hatran",
                              "Hebrew",
                              "Imperial_Aramaic",
                              "Inherited",
                              "Inscriptional_Pahlavi",
                              "Inscriptional_Parthian",
                              "Javanese",
                              "Kaithi",
                              "Kannada",
                              "Kayah_Li",
                              "Kharoshthi",
                              "Khmer",
                              "Khojki",
                              "Khudawadi",
                              "Lao",
                              "Latin",
                              "Lepcha",
                              "Limbu",
                              "Linear_A",
                              "Linear_B",
                              "Lisu",
                              "Lycian",
                              "Lydian",
                              "Mahajani",
                              "Malayalam",
                              "Mandaic",
                              "Manichaean",
                              "Marchen",
                              "Meetei_Mayek",
                              "Mende_Kikakui",
                              "Meroitic_Cursive",
                              "Meroitic_Hieroglyphs",
                              "Miao",
                              "Modi",
                              "Mongolian",
                              "Mro",
                              "Multani",
                              "Myanmar",
                              "Nabataean",
                              "New_Tai_Lue",
                              "Newa",
                              "Nko",
                              "Ogham",
                              "Ol_Chiki",
                              "Old_Hungarian",
                              "Old_Italic",
                              "Old_North_Arabian",
                              "Old_Permic",
                              "Old_Persian",
                              "Old_South_Arabian",
                              "Old_Turkic",
                              "Oriya",
                              "Osage",
                              "Osmanya",
                              "Pahawh_Hmong",
                              "Palmyrene",
                              "Pau_Cin_Hau",
                              "Phags_Pa",
                              "Phoenician",
                              "Psalter_Pahlavi",
                              "Rejang",
                              "Runic",
                              "Samaritan",
                              "Saurashtra",
                              "Sharada",
                              "Shavian",
                              "Siddham",
                              "SignWriting",
                              "Sinhala",
                              "Sora_Sompeng",
                              "Sundanese",
                              "Syloti_Nagri",
                              "Syriac",
                              "Tagalog",
                              "Tagbanwa",
                              "Tai_Le",
                              "Tai_Tham",
                              "Tai_Viet",
                              "Takri",
                              "Tamil",
                              "Tangut",
                              "Telugu",
                              "Thaana",
                              "Thai",
                              "Tibetan",
                              "Tifinagh",
                              "Tirhuta",
                              "Ugaritic",
                              "Vai",
                              "Warang_Citi",
                              "Yi"};
constexpr int kHanGroup = 255;

std::vector<std::uint8_t> script_table() {
  std::vector<std::uint8_t> groups(0x110000, 0);
  const CharSet& known = assigned_unicode9();
  const auto fill = [&](CharSet set, int group) {
    set &= known;
    set.for_each([&](std::uint32_t c) { groups[c] = static_cast<std::uint8_t>(group); });
  };
  for (std::size_t i = 0; i < kScripts.size(); ++i) fill(CharSet::of_property(kScripts[i]), static_cast<int>(i) + 1);
  fill(join({"Han", "Hiragana", "Katakana"}), kHanGroup);
  groups[0x30FC] = kHanGroup;
  groups[' '] = 0;
  return groups;
}

}  // namespace

CharSet::CharSet() : bits_(kCodes / 64) {}

void CharSet::insert(std::uint32_t first, std::uint32_t last) {
  for (std::uint32_t c = first; c <= last && c < kCodes;) {
    if ((c & 63) == 0 && c + 63 <= last) {
      bits_[c >> 6] = ~std::uint64_t{0};
      c += 64;
    } else {
      bits_[c >> 6] |= std::uint64_t{1} << (c & 63);
      ++c;
    }
  }
}

CharSet& CharSet::operator|=(const CharSet& other) {
  for (std::size_t i = 0; i < bits_.size(); ++i) bits_[i] |= other.bits_[i];
  return *this;
}

CharSet& CharSet::operator&=(const CharSet& other) {
  for (std::size_t i = 0; i < bits_.size(); ++i) bits_[i] &= other.bits_[i];
  return *this;
}

CharSet CharSet::of_property(const std::string& name) {
  static std::once_flag once;
  std::call_once(once, [] {
    OnigEncoding encodings[] = {ONIG_ENCODING_UTF8};
    onig_initialize(encodings, 1);
  });
  OnigEncoding encoding = ONIG_ENCODING_UTF8;
  std::string spelling = name;
  const auto* begin = reinterpret_cast<OnigUChar*>(spelling.data());
  const int ctype = encoding->property_name_to_ctype(encoding, const_cast<OnigUChar*>(begin),
                                                     const_cast<OnigUChar*>(begin) + spelling.size());
  check(ctype >= 0, "[CharSet] unknown character property '{}'", name);
  CharSet set;
  const OnigCodePoint* ranges = nullptr;
  OnigCodePoint single_bytes = 0;
  if (encoding->get_ctype_code_range(static_cast<OnigCtype>(ctype), &single_bytes, &ranges) == 0) {
    for (OnigCodePoint i = 0; i < ranges[0]; ++i) set.insert(ranges[1 + 2 * i], ranges[2 + 2 * i]);
  } else {
    for (std::uint32_t c = 0; c < kCodes; ++c)
      if (encoding->is_code_ctype(c, static_cast<OnigCtype>(ctype)) != 0) set.insert(c, c);
  }
  return set;
}

const CharSet& letters() {
  static const CharSet set = CharSet::of_property("L");
  return set;
}
const CharSet& numbers() {
  static const CharSet set = CharSet::of_property("N");
  return set;
}
const CharSet& white_space() {
  static const CharSet set = CharSet::of_property("White_Space");
  return set;
}
const CharSet& regex_words() {
  static const CharSet set = [] {
    CharSet all = join({"Alphabetic", "M", "Nd", "Pc"});
    all.insert(0x200C, 0x200D);
    return all;
  }();
  return set;
}
const CharSet& punctuation() {
  static const CharSet set = [] {
    CharSet all = without(CharSet::of_property("P"), kPunctuationAfter8);
    for (std::uint32_t c = '!'; c <= '~'; ++c)
      if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'))) all.insert(c, c);
    return all;
  }();
  return set;
}
const CharSet& nonspacing_marks() {
  static const CharSet set = without(CharSet::of_property("Mn"), kPunctuationAfter8);
  return set;
}
const CharSet& combining_marks() {
  static const CharSet set = without(CharSet::of_property("M"), kAfter9);
  return set;
}
const CharSet& other_characters() {
  static const CharSet set = without(join({"Cc", "Cf", "Co"}), kPunctuationAfter8);
  return set;
}
const CharSet& assigned_unicode9() {
  static const CharSet set = without(CharSet::of_property("Assigned"), kAfter9);
  return set;
}

int script_group(std::uint32_t code) {
  static const std::vector<std::uint8_t> groups = script_table();
  return code < groups.size() ? groups[code] : 0;
}

}  // namespace linnet
