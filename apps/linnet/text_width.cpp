#include "text_width.h"

#include <sys/ioctl.h>
#include <utf8proc.h>

#include <algorithm>

#include "linnet/base/utf8.h"

namespace linnet::app {

namespace {

std::size_t width_of(std::uint32_t code) {
  if (code == utf8::kInvalid) return 1;
  return static_cast<std::size_t>(std::max(0, utf8proc_charwidth(static_cast<utf8proc_int32_t>(code))));
}

}  // namespace

std::optional<int> terminal_columns(int descriptor) {
  winsize size{};
  if (ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return std::nullopt;
  return size.ws_col;
}

std::size_t display_width(std::string_view text) {
  std::size_t cells = 0;
  while (!text.empty()) {
    const auto [code, length] = utf8::decode(text);
    cells += width_of(code);
    text.remove_prefix(length);
  }
  return cells;
}

std::string cut_to_width(std::string_view text, std::size_t cells) {
  if (display_width(text) <= cells) return std::string(text);
  if (cells == 0) return "";
  std::size_t used = 1;  // the "…"
  std::string_view rest = text;
  while (!rest.empty()) {
    const auto [code, length] = utf8::decode(rest);
    if (used + width_of(code) > cells) break;
    used += width_of(code);
    rest.remove_prefix(length);
  }
  return std::string(text.substr(0, text.size() - rest.size())) + "…";
}

}  // namespace linnet::app
