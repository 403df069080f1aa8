#include "linnet/eval/words.h"

#include <utf8proc.h>

#include "linnet/base/utf8.h"

namespace linnet {
namespace {

utf8proc_category_t category_of(std::uint32_t code) { return utf8proc_category(static_cast<utf8proc_int32_t>(code)); }

bool is_cased(std::uint32_t code) {
  const auto category = category_of(code);
  return category == UTF8PROC_CATEGORY_LU || category == UTF8PROC_CATEGORY_LL || category == UTF8PROC_CATEGORY_LT;
}

// Characters between the letters of a word that have no case (Unicode's Case_Ignorable, without its rare members).
bool is_case_ignorable(std::uint32_t code) {
  switch (category_of(code)) {
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_SK:
      return true;
    default:
      return code == '\'' || code == '.' || code == ':' || code == 0xB7 || code == 0x2018 || code == 0x2019;
  }
}

// Unicode's Final_Sigma: a cased letter before it and none after it.
bool ends_word(const std::vector<std::uint32_t>& text, std::size_t at) {
  std::size_t before = at;
  while (before > 0 && is_case_ignorable(text[before - 1])) --before;
  if (before == 0 || !is_cased(text[before - 1])) return false;
  std::size_t after = at + 1;
  while (after < text.size() && is_case_ignorable(text[after])) ++after;
  return after == text.size() || !is_cased(text[after]);
}

}  // namespace

std::vector<std::uint32_t> code_points(std::string_view text) {
  std::vector<std::uint32_t> codes;
  codes.reserve(text.size());
  while (!text.empty()) {
    const utf8::Character c = utf8::decode(text);
    codes.push_back(c.code == utf8::kInvalid ? 0xFFFD : c.code);
    text.remove_prefix(c.length);
  }
  return codes;
}

std::string utf8_of(const std::uint32_t* begin, const std::uint32_t* end) {
  std::string text;
  for (; begin != end; ++begin) utf8::append(text, *begin);
  return text;
}

std::string lowercase(std::string_view text) {
  constexpr std::uint32_t kDottedI = 0x130, kSigma = 0x3A3, kFinalSigma = 0x3C2;
  const std::vector<std::uint32_t> codes = code_points(text);
  std::string lower;
  lower.reserve(text.size());
  for (std::size_t i = 0; i < codes.size(); ++i) {
    if (codes[i] == kDottedI)
      lower += "i\u0307";
    else if (codes[i] == kSigma && ends_word(codes, i))
      utf8::append(lower, kFinalSigma);
    else
      utf8::append(lower, static_cast<std::uint32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(codes[i]))));
  }
  return lower;
}

bool is_space(std::uint32_t code) {
  return (code >= 0x09 && code <= 0x0D) || (code >= 0x1C && code <= 0x20) || code == 0x85 || code == 0xA0 ||
         code == 0x1680 || (code >= 0x2000 && code <= 0x200A) || code == 0x2028 || code == 0x2029 || code == 0x202F ||
         code == 0x205F || code == 0x3000;
}

bool is_word_character(std::uint32_t code) {
  switch (category_of(code)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
      return true;
    default:
      return code == '_';
  }
}

std::vector<std::string> split_words(std::string_view text) {
  std::vector<std::string> words;
  bool inside = false;
  for (const std::uint32_t code : code_points(text)) {
    const bool space = is_space(code);
    if (!space && !inside) words.emplace_back();
    if (!space) utf8::append(words.back(), code);
    inside = !space;
  }
  return words;
}

}  // namespace linnet
