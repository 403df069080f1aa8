// Splits a template into tokens, with Jinja's white-space rules (trim_blocks and lstrip_blocks on, as in Transformers).
//
//   std::vector<Token> tokens = tokenize(source, "chat_template.jinja");
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace linnet::jinja {

enum class TokenKind : std::uint8_t {
  kData,           // text outside tags, ready for output
  kVariableBegin,  // {{
  kVariableEnd,    // }}
  kBlockBegin,     // {%
  kBlockEnd,       // %}
  kName,
  kString,  // with its quotes and escapes
  kInteger,
  kFloat,
  kOperator,
  kEnd,
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  std::string_view text;  // of the source
  int line = 1;
};

// Larger templates are rejected. Published ones have some ten thousand bytes; a parsed one takes a hundred times its
// size.
inline constexpr std::size_t kMaxSource = std::size_t{256} << 10;

// Line ends become \n; removes one at the very end unless `keep_last`.
std::string normalize_source(std::string_view source, bool keep_last);

// Throws kBadInput naming `place` and the line. The tokens point into `source`; the last one is kEnd.
std::vector<Token> tokenize(std::string_view source, std::string_view place);

// The text of a kString token: Python's escapes.
std::string unescape(std::string_view quoted);

}  // namespace linnet::jinja
