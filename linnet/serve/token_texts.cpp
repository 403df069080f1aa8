#include "linnet/serve/token_texts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

#include "linnet/base/utf8.h"
#include "linnet/tokenizer/normalizer.h"

namespace linnet::serve {
namespace {

constexpr std::string_view kUnknown = "\xEF\xBF\xBD";

// The bytes of a token's spelling in the vocabulary: "<0xE2>", or characters that stand for bytes ("Ġ").
std::optional<std::string> spelled_bytes(std::string_view token) {
  if (token.size() == 6 && token.starts_with("<0x") && token.ends_with('>'))
    return std::string(1, static_cast<char>(std::stoi(std::string(token.substr(3, 2)), nullptr, 16)));
  std::string bytes;
  while (!token.empty()) {
    const utf8::Character c = utf8::decode(token);
    const int byte = code_to_byte(c.code);
    if (byte < 0) return std::nullopt;
    bytes += static_cast<char>(byte);
    token.remove_prefix(c.length);
  }
  return bytes;
}

}  // namespace

TokenTexts::TokenTexts(const Tokenizer& tokenizer) : tokenizer_(tokenizer) {
  for (std::int32_t id = 0; id < tokenizer.vocab_size(); ++id) {
    if (tokenizer.is_special(id)) continue;
    const std::string text = tokenizer.decode(std::array{id}, false, DecodedSpaces::kAsTheyAre);
    if (text.empty() || !std::ranges::all_of(text, [](unsigned char c) { return std::isalnum(c); })) continue;
    before_ = id;
    text_before_ = text;
    return;
  }
}

std::string TokenTexts::bytes_of(std::int32_t id) const {
  if (tokenizer_.is_special(id)) return tokenizer_.id_to_token(id);
  std::string text;
  if (before_ >= 0) text = tokenizer_.decode(std::array{before_, id}, false, DecodedSpaces::kAsTheyAre);
  if (before_ >= 0 && text.starts_with(text_before_))
    text.erase(0, text_before_.size());
  else
    text = tokenizer_.decode(std::array{id}, false, DecodedSpaces::kAsTheyAre);
  if (text.find(kUnknown) == text.npos) return text;
  return spelled_bytes(tokenizer_.id_to_token(id)).value_or(text);
}

std::string TokenTexts::name_of(std::int32_t id) const {
  const std::string bytes = bytes_of(id);
  if (utf8::valid(bytes)) return bytes;
  std::string name = "bytes:";
  for (const unsigned char byte : bytes) name += fmt::format("\\x{:02x}", byte);
  return name;
}

}  // namespace linnet::serve
