#include "linnet/base/base64.h"

#include <bit>
#include <cstdint>

#include "linnet/base/error.h"

namespace linnet {

std::string decode_base64(std::string_view text, std::string_view place) {
  while (text.ends_with('=')) text.remove_suffix(1);
  std::string out;
  out.reserve(text.size() * 3 / 4);
  std::uint32_t bits = 0;
  int held = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    int v = -1;
    if (c >= 'A' && c <= 'Z')
      v = c - 'A';
    else if (c >= 'a' && c <= 'z')
      v = c - 'a' + 26;
    else if (c >= '0' && c <= '9')
      v = c - '0' + 52;
    else if (c == '+')
      v = 62;
    else if (c == '/')
      v = 63;
    check(v >= 0, ErrorKind::kBadInput, "{}: not base64 at character {}; the tokenizer file is damaged", place, i);
    bits = bits << 6 | static_cast<std::uint32_t>(v);
    if (held += 6; held >= 8) out += static_cast<char>(bits >> (held -= 8) & 0xFF);
  }
  return out;
}

std::string encode_base64(std::string_view bytes) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : bytes) {
    bits = bits << 8 | static_cast<unsigned char>(c);
    for (held += 8; held >= 6;) out += kDigits[bits >> (held -= 6) & 0x3F];
  }
  if (held > 0) out += kDigits[bits << (6 - held) & 0x3F];
  out.resize((out.size() + 3) / 4 * 4, '=');
  return out;
}

std::string base64_floats(std::span<const float> values) {
  static_assert(std::endian::native == std::endian::little);
  return encode_base64({reinterpret_cast<const char*>(values.data()), values.size_bytes()});
}

}  // namespace linnet
