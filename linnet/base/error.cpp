#include "linnet/base/error.h"

#include <cstdio>
#include <cstdlib>

#include "linnet/base/utf8.h"

namespace linnet {

std::string printable(std::string_view text, std::size_t limit) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    if (out.size() >= limit) return out + "…";
    const auto [code, length] = utf8::decode(text.substr(at));
    const bool control = code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x2028 || code == 0x2029;
    if (code == utf8::kInvalid || control)
      for (std::size_t i = 0; i < length; ++i)
        out += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[at + i]));
    else
      out += text.substr(at, length);
    at += length;
  }
  return out;
}

void assertion_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "linnet: internal error: %s does not hold at %s:%d\n", condition, file, line);
  std::abort();
}

}  // namespace linnet
