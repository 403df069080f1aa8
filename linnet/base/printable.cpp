#include "linnet/base/printable.h"

#include "linnet/base/utf8.h"

namespace linnet {
namespace {

// Controls of C0 and C1, line and paragraph separators, direction marks, the byte-order mark, invisible tag characters.
bool hidden(std::uint32_t code) {
  return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x2028 || code == 0x2029 || code == 0x061c ||
         code == 0x200e || code == 0x200f || (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) ||
         code == 0xfeff || (code >= 0xe0000 && code <= 0xe007f);
}

}  // namespace

std::string escape_unprintable(std::string_view text, std::size_t limit) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    if (out.size() >= limit) return out + "…";
    const auto [code, length] = utf8::decode(text.substr(at));
    if (code == utf8::kInvalid || hidden(code))
      for (std::size_t i = 0; i < length; ++i)
        out += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[at + i]));
    else
      out += text.substr(at, length);
    at += length;
  }
  return out;
}

}  // namespace linnet
