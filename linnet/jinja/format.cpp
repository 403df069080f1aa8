// Text transformations shared by filters, methods and operators.
#include <algorithm>
#include <cmath>

#include "linnet/base/find.h"
#include "linnet/base/utf8.h"
#include "linnet/jinja/builtins.h"
#include "linnet/jinja/interpreter.h"

namespace linnet::jinja {
namespace {

// One conversion of a printf-style format: "%-5.2f".
struct Conversion {
  bool left = false, zero = false, plus = false, blank = false;
  std::size_t width = 0;
  int precision = -1;
  char kind = 0;
};

std::size_t read_number(std::string_view text, std::size_t& at) {
  std::size_t value = 0;
  while (at < text.size() && text[at] >= '0' && text[at] <= '9') {
    value = value * 10 + static_cast<std::size_t>(text[at++] - '0');
    if (value > 10'000) fault("a format asks for a width of more than 10000");
  }
  return value;
}

Conversion read_conversion(std::string_view text, std::size_t& at) {
  Conversion c;
  for (; at < text.size(); ++at) {
    if (text[at] == '-') {
      c.left = true;
    } else if (text[at] == '0') {
      c.zero = true;
    } else if (text[at] == '+') {
      c.plus = true;
    } else if (text[at] == ' ') {
      c.blank = true;
    } else {
      break;
    }
  }
  c.width = read_number(text, at);
  if (at < text.size() && text[at] == '.') c.precision = static_cast<int>(read_number(text, ++at));
  if (at >= text.size()) fault("a format ends inside a conversion");
  c.kind = text[at];
  return c;
}

std::string number_digits(const Conversion& c, const Value& value) {
  if (c.kind == 'd' || c.kind == 'i' || c.kind == 'u') {
    const double real = value.is(Kind::kFloat) ? value.real() : 0;
    if (!std::isfinite(real) || std::abs(real) >= 0x1p63) fault("a float does not fit an integer");
    return std::to_string(value.is(Kind::kFloat) ? static_cast<std::int64_t>(real) : whole_number(value, "%d"));
  }
  const std::int64_t n = c.kind == 'x' || c.kind == 'X' || c.kind == 'o' ? whole_number(value, "%x") : 0;
  switch (c.kind) {
    case 'x':
      return fmt::format("{:x}", n);
    case 'X':
      return fmt::format("{:X}", n);
    case 'o':
      return fmt::format("{:o}", n);
    case 'f':
    case 'F':
      return fmt::format("{:.{}f}", number(value), c.precision < 0 ? 6 : c.precision);
    case 'e':
      return fmt::format("{:.{}e}", number(value), c.precision < 0 ? 6 : c.precision);
    case 'g':
      return fmt::format("{:.{}g}", number(value), c.precision < 0 ? 6 : c.precision);
    default:
      fault("the conversion '%{}' is not supported", c.kind);
  }
}

std::string convert(const Conversion& c, const Value& value) {
  std::string text;
  bool is_number = false;
  if (c.kind == 's' || c.kind == 'r' || c.kind == 'c') {
    c.kind == 'r' ? append_repr(text, value) : append_text(text, value);
    if (c.precision >= 0) {
      const auto parts = characters(text);
      if (parts.size() > static_cast<std::size_t>(c.precision)) {
        const std::string_view cut = parts[static_cast<std::size_t>(c.precision)];
        text.resize(static_cast<std::size_t>(cut.data() - text.data()));
      }
    }
  } else {
    text = number_digits(c, value);
    is_number = true;
    if (text[0] != '-' && (c.plus || c.blank)) text.insert(0, c.plus ? "+" : " ");
  }
  const std::size_t length = utf8::count(text);
  if (length >= c.width) return text;
  const std::size_t missing = c.width - length;
  if (c.left) return text + std::string(missing, ' ');
  if (c.zero && is_number) {
    const std::size_t after_sign = text[0] == '-' || text[0] == '+' || text[0] == ' ' ? 1 : 0;
    return text.insert(after_sign, missing, '0');
  }
  return std::string(missing, ' ') + text;
}

}  // namespace

std::string percent_format(Interpreter& interpreter, std::string_view format, const Value& arguments) {
  const bool tuple = arguments.is(Kind::kList) && arguments.list().kind == ListKind::kTuple;
  std::size_t used = 0;
  const auto next_value = [&]() -> Value {
    if (!tuple && used == 0) return ++used, arguments;
    if (!tuple || used >= arguments.list().items.size()) fault("a format has more conversions than values");
    return arguments.list().items[used++];
  };
  std::string out;
  for (std::size_t at = 0; at < format.size(); ++at) {
    if (format[at] != '%') {
      out += format[at];
      continue;
    }
    const Conversion c = read_conversion(format, ++at);
    out += c.kind == '%' ? "%" : convert(c, next_value());
    interpreter.spend();
    if (out.size() > kMaxBytes) fault("a text is longer than {} bytes", kMaxBytes);
  }
  const bool left_over = tuple ? used < arguments.list().items.size() : used == 0 && !arguments.is(Kind::kDict);
  if (left_over) fault("a format has fewer conversions than values");
  return out;
}

std::string replace_all(Interpreter& interpreter, std::string_view text, std::string_view old, std::string_view with,
                        std::int64_t most) {
  std::string out;
  std::int64_t done = 0;
  const auto may = [&] { return most < 0 || done < most; };
  const auto add = [&](std::string_view part) {
    if (out.size() + part.size() > kMaxBytes) fault("replace makes more than {} bytes", kMaxBytes);
    out += part;
  };
  if (old.empty()) {  // as in Python: before every character and at the end
    for (const std::string_view c : characters(text)) {
      if (may()) add(with), ++done;
      add(c);
    }
    if (may()) add(with);
  } else {
    for (std::size_t at; may() && (at = find_text(text, old)) != text.npos; ++done) {
      add(text.substr(0, at));
      add(with);
      text.remove_prefix(at + old.size());
    }
    add(text);
  }
  interpreter.spend_bytes(out.size());
  return out;
}

// str.splitlines: \n, \r\n, \r, and Unicode's other line ends.
std::vector<std::string_view> split_lines(std::string_view text) {
  std::vector<std::string_view> lines;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < text.size();) {
    const auto c = utf8::decode(text.substr(i));
    const bool end = (c.code >= 10 && c.code <= 13) || (c.code >= 0x1C && c.code <= 0x1E) || c.code == 0x85 ||
                     c.code == 0x2028 || c.code == 0x2029;
    i += c.length;
    if (!end) continue;
    lines.push_back(text.substr(begin, i - c.length - begin));
    if (c.code == '\r' && i < text.size() && text[i] == '\n') ++i;
    begin = i;
  }
  if (begin < text.size()) lines.push_back(text.substr(begin));
  return lines;
}

std::string capitalize(std::string_view text) {
  if (text.empty()) return {};
  const std::size_t first = utf8::decode(text).length;
  return upper(text.substr(0, first)) + lower(text.substr(first));
}

std::string escape_html(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '\'':
        out += "&#39;";
        break;
      case '"':
        out += "&#34;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string indent_text(Interpreter& interpreter, std::string_view text, std::string_view indent, bool first,
                        bool blank) {
  const std::string ended = std::string(text) + '\n';  // as in Jinja: a last newline stays
  const auto lines = split_lines(ended);
  std::string out(first ? indent : std::string_view());
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) {
      out += '\n';
      if (blank || !lines[i].empty()) out += indent;
    }
    out += lines[i];
    if (out.size() > kMaxBytes) fault("indent makes more than {} bytes", kMaxBytes);
  }
  interpreter.spend_bytes(out.size());
  return out;
}

}  // namespace linnet::jinja
