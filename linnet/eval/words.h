// Unicode text rules of Python, which the reference implementations of text metrics use.
//
//   lowercase("Ärger"), split_words(" a  b "), word_runs("it's")
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace linnet {

// str.lower(): also İ, and Σ at the end of a word.
std::string lowercase(std::string_view text);
bool is_space(std::uint32_t code);                              // str.isspace()
bool is_word_character(std::uint32_t code);                     // \w of a regular expression
std::vector<std::string> split_words(std::string_view text);    // str.split()
std::vector<std::uint32_t> code_points(std::string_view text);  // invalid bytes become U+FFFD
std::string utf8_of(const std::uint32_t* begin, const std::uint32_t* end);

}  // namespace linnet
