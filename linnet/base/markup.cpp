#include "linnet/base/markup.h"

#include <algorithm>
#include <cctype>

namespace linnet {
namespace {

std::string one_line(std::string_view text) {
  std::string line(text);
  std::replace_if(
      line.begin(), line.end(), [](char c) { return c == '\n' || c == '\r' || c == '\t'; }, ' ');
  return escape_unprintable(line, SIZE_MAX);
}

}  // namespace

std::string escape_html(std::string_view text) {
  std::string out;
  for (const char c : one_line(text)) switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  return out;
}

std::string escape_markdown(std::string_view text) {
  const std::string line = one_line(text);
  std::string out;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    const auto next = [&](std::string_view what) { return std::string_view(line).substr(i).starts_with(what); };
    const bool inside = std::string_view("\\`*[]<>|~#&!$@").find(c) != std::string_view::npos;
    const bool begins_a_list = out.empty() && (c == '-' || c == '+' || c == '=');
    const bool in_word = i > 0 && i + 1 < line.size() && std::isalnum(static_cast<unsigned char>(line[i - 1])) != 0 &&
                         std::isalnum(static_cast<unsigned char>(line[i + 1])) != 0;
    const bool emphasis = c == '_' && !in_word;
    // GitHub converts bare addresses to links.
    const bool address = (c == ':' && next("://")) || (c == '.' && i >= 3 && line.compare(i - 3, 3, "www") == 0);
    if (inside || begins_a_list || emphasis || address) out += '\\';
    out += c;
  }
  return out;
}

}  // namespace linnet
