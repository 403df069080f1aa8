// UTF-8, byte by byte: decode, encode, validate. For categories and normal forms use utf8proc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace linnet::utf8 {

inline constexpr std::uint32_t kInvalid = 0xFFFFFFFF;

struct Character {
  std::uint32_t code;  // kInvalid if the bytes are not a character
  std::size_t length;  // bytes taken, at least 1 (of non-empty text)
};

// The first character of a non-empty text. Overlong forms, surrogates and codes past U+10FFFF are invalid; an invalid
// sequence takes its longest valid prefix (the maximal-subpart rule that Python and Rust follow).
Character decode(std::string_view text);

void append(std::string& out, std::uint32_t code);
bool valid(std::string_view text);
// Number of characters; every byte of an invalid sequence's maximal subpart counts as one character.
std::size_t count(std::string_view text);
// Each invalid sequence becomes U+FFFD, as Python's errors="replace".
std::string replace_invalid(std::string_view text);
// Length of the longest prefix that does not end inside a character that more bytes could complete.
std::size_t complete_prefix(std::string_view text);

}  // namespace linnet::utf8
