// Python's text of values: str, repr, json.dumps; and the str methods that need Unicode.
#include <utf8proc.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "linnet/base/utf8.h"
#include "linnet/jinja/value.h"

namespace linnet::jinja {
namespace {

// str.isprintable of one character: not "Other" or "Separator", except the space.
bool is_printable(std::uint32_t code) {
  if (code == ' ') return true;
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(code))) {
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
      return false;
    default:
      return true;
  }
}

void append_escaped(std::string& out, std::uint32_t code) {
  if (code < 0x100) {
    fmt::format_to(std::back_inserter(out), "\\x{:02x}", code);
  } else if (code < 0x10000) {
    fmt::format_to(std::back_inserter(out), "\\u{:04x}", code);
  } else {
    fmt::format_to(std::back_inserter(out), "\\U{:08x}", code);
  }
}

void append_string_repr(std::string& out, std::string_view text) {
  const char quote = text.find('\'') != text.npos && text.find('"') == text.npos ? '"' : '\'';
  out += quote;
  while (!text.empty()) {
    const auto c = utf8::decode(text);
    const std::string_view bytes = text.substr(0, c.length);
    text.remove_prefix(c.length);
    if (c.code == static_cast<std::uint32_t>(quote) || c.code == '\\') {
      (out += '\\') += static_cast<char>(c.code);
    } else if (c.code == '\n') {
      out += "\\n";
    } else if (c.code == '\r') {
      out += "\\r";
    } else if (c.code == '\t') {
      out += "\\t";
    } else if (c.code == utf8::kInvalid) {
      out += "\\ufffd";
    } else if (is_printable(c.code)) {
      out += bytes;
    } else {
      append_escaped(out, c.code);
    }
  }
  out += quote;
}

void append_dict_repr(std::string& out, const Dict& dict) {
  out += '{';
  for (bool first = true; const auto& [key, value] : dict.items) {
    if (!std::exchange(first, false)) out += ", ";
    append_repr(out, key);
    out += ": ";
    append_repr(out, value);
  }
  out += '}';
}

void append_list_repr(std::string& out, const List& list) {
  const bool tuple = list.kind == ListKind::kTuple;
  out += tuple ? '(' : '[';
  for (bool first = true; const Value& item : list.items) {
    if (!std::exchange(first, false)) out += ", ";
    append_repr(out, item);
  }
  if (tuple && list.items.size() == 1) out += ',';
  out += tuple ? ')' : ']';
}

class JsonWriter {
 public:
  explicit JsonWriter(const JsonStyle& style) : style_(style) {}

  void write(const Value& value, std::size_t level) {
    spend();
    if (out.size() > kMaxBytes) fault("tojson writes more than {} bytes", kMaxBytes);
    switch (value.kind()) {
      case Kind::kNone:
        out += "null";
        return;
      case Kind::kBool:
        out += value.boolean() ? "true" : "false";
        return;
      case Kind::kInt:
        out += std::to_string(value.integer());
        return;
      case Kind::kFloat:
        write_float(value.real());
        return;
      case Kind::kString:
        write_string(value.string());
        return;
      case Kind::kList:
        write_list(value.list(), level);
        return;
      case Kind::kDict:
        write_dict(value.dict(), level);
        return;
      case Kind::kUndefined:
        fault("tojson: {}", *value.undefined().what);
      default:
        fault("tojson: a {} is not JSON", type_name(value));
    }
  }
  std::string out;

 private:
  void write_float(double v) {
    out += std::isnan(v) ? "NaN" : std::isinf(v) ? (v < 0 ? "-Infinity" : "Infinity") : float_text(v);
  }

  void write_string(std::string_view text) {
    out += '"';
    while (!text.empty()) {
      const auto c = utf8::decode(text);
      const std::string_view bytes = text.substr(0, c.length);
      text.remove_prefix(c.length);
      switch (c.code) {
        case '"':
          out += "\\\"";
          break;
        case '\\':
          out += "\\\\";
          break;
        case '\n':
          out += "\\n";
          break;
        case '\r':
          out += "\\r";
          break;
        case '\t':
          out += "\\t";
          break;
        case '\f':
          out += "\\f";
          break;
        case '\b':
          out += "\\b";
          break;
        default:
          if (c.code == utf8::kInvalid) {
            out += "\xEF\xBF\xBD";
          } else if (c.code < 0x20 || (style_.ascii && c.code > 0x7E)) {
            write_escape(c.code);
          } else {
            out += bytes;
          }
      }
    }
    out += '"';
  }

  void write_escape(std::uint32_t code) {
    if (code >= 0x10000) {
      const std::uint32_t v = code - 0x10000;
      fmt::format_to(std::back_inserter(out), "\\u{:04x}\\u{:04x}", 0xD800 + (v >> 10), 0xDC00 + (v & 0x3FF));
    } else {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", code);
    }
  }

  void line(std::size_t level) {
    if (!style_.indented) return;
    if (!style_.indent.empty() && level > (kMaxBytes - std::min(out.size(), kMaxBytes)) / style_.indent.size())
      fault("tojson writes more than {} bytes", kMaxBytes);
    out += '\n';
    for (std::size_t i = 0; i < level; ++i) out += style_.indent;
  }

  void write_list(const List& list, std::size_t level) {
    if (list.kind == ListKind::kGenerator) fault("tojson: a generator is not JSON; put '| list' before it");
    if (list.items.empty()) {
      out += "[]";
      return;
    }
    out += '[';
    for (bool first = true; const Value& item : list.items) {
      if (!std::exchange(first, false)) out += style_.item_separator;
      line(level + 1);
      write(item, level + 1);
    }
    line(level);
    out += ']';
  }

  std::string key_text(const Value& key) {
    if (key.is(Kind::kString)) return key.string();
    if (key.is(Kind::kNone)) return "null";
    if (key.is(Kind::kBool)) return key.boolean() ? "true" : "false";
    if (key.is_number()) return to_text(key);
    fault("tojson: a {} cannot be a key", type_name(key));
  }

  void write_dict(const Dict& dict, std::size_t level) {
    if (dict.items.empty()) {
      out += "{}";
      return;
    }
    std::vector<const std::pair<Value, Value>*> order;
    for (const auto& entry : dict.items) order.push_back(&entry);
    if (style_.sort_keys)
      std::stable_sort(order.begin(), order.end(),
                       [](const auto* a, const auto* b) { return compare(a->first, b->first) < 0; });
    out += '{';
    for (bool first = true; const auto* entry : order) {
      if (!std::exchange(first, false)) out += style_.item_separator;
      line(level + 1);
      write_string(key_text(entry->first));
      out += style_.key_separator;
      write(entry->second, level + 1);
    }
    line(level);
    out += '}';
  }

  const JsonStyle& style_;
};

std::string map_characters(std::string_view text, utf8proc_int32_t (*map)(utf8proc_int32_t)) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto c = utf8::decode(text);
    if (c.code == utf8::kInvalid) {
      out += text.substr(0, c.length);
    } else {
      utf8::append(out, static_cast<std::uint32_t>(map(static_cast<utf8proc_int32_t>(c.code))));
    }
    text.remove_prefix(c.length);
  }
  return out;
}

}  // namespace

// repr(float): the shortest digits that round-trip, with an exponent below 1e-4 and from 1e16.
std::string float_text(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  char buffer[40];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific).ptr;
  const std::string_view text(buffer, static_cast<std::size_t>(end - buffer));
  const auto e = text.find('e');
  int exponent = 0;
  std::from_chars(buffer + e + (buffer[e + 1] == '+' ? 2 : 1), end, exponent);
  if (exponent < -4 || exponent >= 16) return std::string(text);
  char plain[400];
  const auto stop = std::to_chars(plain, plain + sizeof plain, value, std::chars_format::fixed).ptr;
  std::string out(plain, static_cast<std::size_t>(stop - plain));
  if (out.find('.') == out.npos) out += ".0";
  return out;
}

void append_repr(std::string& out, const Value& value) {
  if (out.size() > kMaxBytes) fault("a text is longer than {} bytes", kMaxBytes);
  if (value.is(Kind::kString)) return append_string_repr(out, value.string());
  if (value.is(Kind::kUndefined)) {
    out += "Undefined";
    return;
  }
  append_text(out, value);
}

void append_text(std::string& out, const Value& value) {
  spend();
  switch (value.kind()) {
    case Kind::kUndefined:
      return;
    case Kind::kNone:
      out += "None";
      return;
    case Kind::kBool:
      out += value.boolean() ? "True" : "False";
      return;
    case Kind::kInt:
      out += std::to_string(value.integer());
      return;
    case Kind::kFloat:
      out += float_text(value.real());
      return;
    case Kind::kString:
      spend_bytes(value.string().size());
      out += value.string();
      return;
    case Kind::kList:
      return append_list_repr(out, value.list());
    case Kind::kDict:
      return append_dict_repr(out, value.dict());
    default:
      fault("a {} cannot be printed", type_name(value));
  }
}

std::string to_text(const Value& value) {
  std::string out;
  append_text(out, value);
  return out;
}

std::string to_json_text(const Value& value, const JsonStyle& style) {
  JsonWriter writer(style);
  writer.write(value, 0);
  return std::move(writer.out);
}

std::size_t character_offset(std::string_view text, std::size_t number) {
  std::size_t at = 0;
  for (; number > 0 && at < text.size(); --number) at += utf8::decode(text.substr(at)).length;
  return at;
}

std::vector<std::string_view> characters(std::string_view text) {
  spend(text.size() / 4);
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const std::size_t length = utf8::decode(text).length;
    parts.push_back(text.substr(0, length));
    text.remove_prefix(length);
  }
  return parts;
}

bool is_space(std::uint32_t code) {
  if (code < 0x80) return code == ' ' || (code >= 9 && code <= 13) || (code >= 0x1C && code <= 0x1F);
  if (code == 0x85) return true;
  if (code == utf8::kInvalid) return false;
  const auto category = utf8proc_category(static_cast<utf8proc_int32_t>(code));
  return category == UTF8PROC_CATEGORY_ZS || category == UTF8PROC_CATEGORY_ZL || category == UTF8PROC_CATEGORY_ZP;
}

std::string strip(std::string_view text, bool left, bool right, const std::vector<std::string_view>* set) {
  const auto goes = [&](std::string_view c) {
    if (set) spend(set->size() / 16);
    return set ? std::find(set->begin(), set->end(), c) != set->end() : is_space(utf8::decode(c).code);
  };
  while (left && !text.empty()) {
    const std::size_t length = utf8::decode(text).length;
    if (!goes(text.substr(0, length))) break;
    text.remove_prefix(length);
  }
  while (right && !text.empty()) {
    std::size_t start = text.size() - 1;
    while (start > 0 && text.size() - start < 4 && (static_cast<unsigned char>(text[start]) & 0xC0) == 0x80) --start;
    if (utf8::decode(text.substr(start)).length != text.size() - start) start = text.size() - 1;  // invalid bytes
    if (!goes(text.substr(start))) break;
    text.remove_suffix(text.size() - start);
  }
  return std::string(text);
}

std::string upper(std::string_view text) {
  std::string out;
  spend_bytes(text.size());
  for (std::size_t at; (at = text.find("\xC3\x9F")) != text.npos; text.remove_prefix(at + 2))
    out += map_characters(text.substr(0, at), utf8proc_toupper) + "SS";  // Python has no single capital ß
  return out + map_characters(text, utf8proc_toupper);
}

std::string lower(std::string_view text) {
  spend_bytes(text.size());
  return map_characters(text, utf8proc_tolower);
}

}  // namespace linnet::jinja
