// Filters over texts and numbers.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "linnet/base/error.h"
#include "linnet/base/json.h"
#include "linnet/base/utf8.h"
#include "linnet/jinja/builtins.h"
#include "linnet/jinja/interpreter.h"

namespace linnet::jinja {
namespace {

Value trim(Interpreter&, const Value& input, const Arguments& arguments) {
  arguments.expect("trim", {"chars"});
  const std::string text = to_text(input);
  const Value chars = arguments.get(0, "chars");
  if (chars.is(Kind::kNone)) return Value(strip(text, true, true));
  if (!chars.is(Kind::kString)) fault("trim takes a text, not a {}", type_name(chars));
  const auto set = characters(chars.string());
  return Value(strip(text, true, true, &set));
}

Value to_upper(Interpreter&, const Value& input, const Arguments&) { return Value(upper(to_text(input))); }
Value to_lower(Interpreter&, const Value& input, const Arguments&) { return Value(lower(to_text(input))); }
Value to_capitalized(Interpreter&, const Value& input, const Arguments&) { return Value(capitalize(to_text(input))); }

// Jinja's: a word begins after white space, '-' or an opening bracket.
Value title(Interpreter&, const Value& input, const Arguments&) {
  std::string out, word;
  const std::string text = to_text(input);
  for (const std::string_view c : characters(text)) {
    const bool between = c == "-" || c == "(" || c == "{" || c == "[" || c == "<" || is_space(utf8::decode(c).code);
    if (between) {
      out += capitalize(std::exchange(word, {}));
      out += c;
    } else {
      word += c;
    }
  }
  return Value(out + capitalize(word));
}

Value replace(Interpreter& interpreter, const Value& input, const Arguments& arguments) {
  arguments.expect("replace", {"old", "new", "count"}, 2);
  const Value count = arguments.get(2, "count");
  return Value(replace_all(interpreter, to_text(input), arguments.text(0, "old", ""), arguments.text(1, "new", ""),
                           count.is(Kind::kNone) ? -1 : whole_number(count, "the count of replace")));
}

Value fallback(Interpreter&, const Value& input, const Arguments& arguments) {
  arguments.expect("default", {"default_value", "boolean"});
  const bool missing = input.is(Kind::kUndefined) || (arguments.flag(1, "boolean", false) && !truthy(input));
  return missing ? arguments.get(0, "default_value", Value("")) : input;
}

Value to_string(Interpreter&, const Value& input, const Arguments&) {
  return input.is(Kind::kString) ? input : Value(to_text(input));
}

Value tojson(Interpreter& interpreter, const Value& input, const Arguments& arguments) {
  arguments.expect("tojson", {"ensure_ascii", "indent", "separators", "sort_keys"});
  JsonStyle style;
  style.ascii = arguments.flag(0, "ensure_ascii", false);
  style.sort_keys = arguments.flag(3, "sort_keys", false);
  const Value indent = arguments.get(1, "indent"), separators = arguments.get(2, "separators");
  if (!indent.is(Kind::kNone)) {
    style.indented = true;
    style.item_separator = ",";
    if (indent.is(Kind::kString)) {
      style.indent = indent.string();
    } else {
      const std::int64_t width = std::max<std::int64_t>(whole_number(indent, "the indent of tojson"), 0);
      if (width > 1000) fault("an indent of {} is more than 1000", width);
      style.indent.assign(static_cast<std::size_t>(width), ' ');
    }
  }
  if (!separators.is(Kind::kNone)) {
    const auto pair = interpreter.iterate(separators);
    if (pair->items.size() != 2) fault("the separators of tojson are two texts");
    style.item_separator = to_text(pair->items[0]);
    style.key_separator = to_text(pair->items[1]);
  }
  std::string text = to_json_text(input, style);
  interpreter.spend_bytes(text.size());
  return Value(std::move(text));
}

// Not in Jinja or Transformers: some templates (DeepSeek V4) parse tool arguments with it, which their own code
// defines.
Value from_json_text(Interpreter&, const Value& input, const Arguments&) {
  try {
    return from_json(parse_json(to_text(input), "from_json", {.depth = 100, .duplicate_keys = true}));
  } catch (const Error& error) {
    fault("{}", error.what());
  }
}

Value indent(Interpreter& interpreter, const Value& input, const Arguments& arguments) {
  arguments.expect("indent", {"width", "first", "blank"});
  const Value width = arguments.get(0, "width", Value(4));
  std::string by;
  if (width.is(Kind::kString)) {
    by = width.string();
  } else {
    const std::int64_t count = std::max<std::int64_t>(whole_number(width, "the width of indent"), 0);
    if (count > 1000) fault("an indent of {} is more than 1000", count);
    by.assign(static_cast<std::size_t>(count), ' ');
  }
  return Value(indent_text(interpreter, to_text(input), by, arguments.flag(1, "first", false),
                           arguments.flag(2, "blank", false)));
}

// int("…"): white space around, a sign, digits with single '_' between.
std::optional<std::int64_t> parse_integer(std::string_view text, int base) {
  std::string digits;
  for (const char c : strip(text, true, true)) {
    if (c != '_') digits += c;
  }
  const char* begin = digits.data();
  const char* const end = begin + digits.size();
  if (begin != end && *begin == '+') ++begin;
  if (base == 16 && end - begin > 2 && begin[0] == '0' && (begin[1] == 'x' || begin[1] == 'X')) begin += 2;
  std::int64_t value = 0;
  const auto read = std::from_chars(begin, end, value, base);
  if (read.ec == std::errc::result_out_of_range) fault("the integer '{}' does not fit 64 bits", printable(text, 40));
  if (read.ec != std::errc{} || read.ptr != end || begin == end) return std::nullopt;
  return value;
}

std::optional<double> parse_float(std::string_view text) {
  const std::string trimmed = strip(text, true, true);
  const char* begin = trimmed.data();
  const char* const end = begin + trimmed.size();
  if (begin != end && *begin == '+') ++begin;
  double value = 0;
  const auto read = std::from_chars(begin, end, value);
  if (read.ec != std::errc{} || read.ptr != end || begin == end) return std::nullopt;
  return value;
}

Value float_to_integer(double value, const Value& otherwise) {
  if (!std::isfinite(value)) return otherwise;
  if (std::abs(value) >= 0x1p63) fault("{} does not fit an integer of 64 bits", value);
  return static_cast<std::int64_t>(value);
}

Value to_int(Interpreter&, const Value& input, const Arguments& arguments) {
  arguments.expect("int", {"default", "base"});
  Value otherwise = arguments.get(0, "default", Value(0));
  const std::int64_t base = whole_number(arguments.get(1, "base", Value(10)), "the base of int");
  if (base < 2 || base > 36) fault("the base of int is {}, not 2 to 36", base);
  if (input.is(Kind::kUndefined)) fault("{}", *input.undefined().what);
  if (input.is(Kind::kInt)) return input;
  if (input.is(Kind::kBool)) return static_cast<std::int64_t>(input.boolean());
  if (input.is(Kind::kFloat)) return float_to_integer(input.real(), otherwise);
  if (!input.is(Kind::kString)) return otherwise;
  if (const auto value = parse_integer(input.string(), static_cast<int>(base))) return *value;
  if (const auto value = parse_float(input.string())) return float_to_integer(*value, otherwise);
  return otherwise;
}

Value to_float(Interpreter&, const Value& input, const Arguments& arguments) {
  arguments.expect("float", {"default"});
  if (input.is(Kind::kUndefined)) fault("{}", *input.undefined().what);
  if (input.is_number()) return number(input);
  if (input.is(Kind::kString))
    if (const auto value = parse_float(input.string())) return *value;
  return arguments.get(0, "default", Value(0.0));
}

Value absolute(Interpreter&, const Value& input, const Arguments&) {
  if (input.is(Kind::kFloat)) return std::abs(input.real());
  const std::int64_t value = whole_number(input, "the number before abs");
  if (value == INT64_MIN) fault("an integer leaves 64 bits");
  return std::abs(value);
}

Value round(Interpreter&, const Value& input, const Arguments& arguments) {
  arguments.expect("round", {"precision", "method"});
  const std::int64_t places = whole_number(arguments.get(0, "precision", Value(0)), "the precision of round");
  const std::string method = arguments.text(1, "method", "common");
  if (places < -300 || places > 300) fault("a precision of {} is out of range", places);
  if (method == "common" && input.is(Kind::kInt) && places >= 0) return input;
  const double value = number(input), scale = std::pow(10.0, static_cast<double>(places));
  if (method == "ceil") return std::ceil(value * scale) / scale;
  if (method == "floor") return std::floor(value * scale) / scale;
  if (method != "common") fault("round's method is 'common', 'ceil' or 'floor'");
  if (!std::isfinite(value)) return value;
  if (places < 0) return std::nearbyint(value * scale) / scale;
  return std::strtod(fmt::format("{:.{}f}", value, places).c_str(), nullptr);  // exact: ties to even
}

Value safe(Interpreter&, const Value& input, const Arguments&) { return Value(to_text(input)).as_markup(); }
Value escape(Interpreter&, const Value& input, const Arguments&) {
  return input.is_markup() ? input : Value(escape_html(to_text(input))).as_markup();
}

Value format(Interpreter& interpreter, const Value& input, const Arguments& arguments) {
  if (!arguments.named.empty()) fault("format takes no named arguments");
  return Value(percent_format(interpreter, to_text(input), make_list(arguments.positional, ListKind::kTuple)));
}

Value wordcount(Interpreter& interpreter, const Value& input, const Arguments&) {
  const Value words = split(interpreter, to_text(input), "", -1, false);
  return static_cast<std::int64_t>(words.list().items.size());
}

Value truncate(Interpreter&, const Value& input, const Arguments& arguments) {
  arguments.expect("truncate", {"length", "killwords", "end", "leeway"});
  const std::string text = to_text(input), end = arguments.text(2, "end", "...");
  const auto parts = characters(text);
  const std::int64_t length = whole_number(arguments.get(0, "length", Value(255)), "the length of truncate");
  const std::int64_t leeway = whole_number(arguments.get(3, "leeway", Value(5)), "the leeway of truncate");
  const auto ending = static_cast<std::int64_t>(characters(end).size());
  if (length < ending || leeway < 0 || leeway > INT64_MAX / 2 || length > INT64_MAX / 2)
    fault("truncate: a length of {} is out of range", length);
  if (static_cast<std::int64_t>(parts.size()) <= length + leeway) return Value(text);
  std::string kept;
  for (std::int64_t i = 0; i < length - ending; ++i) kept += parts[static_cast<std::size_t>(i)];
  if (!arguments.flag(1, "killwords", false)) kept = kept.substr(0, kept.rfind(' '));
  return Value(kept + end);
}

constexpr NamedFilter kFilters[] = {
    {"trim", trim},           {"upper", to_upper},    {"lower", to_lower},   {"capitalize", to_capitalized},
    {"title", title},         {"replace", replace},   {"default", fallback}, {"d", fallback},
    {"string", to_string},    {"safe", safe},         {"tojson", tojson},    {"from_json", from_json_text},
    {"indent", indent},       {"int", to_int},        {"float", to_float},   {"abs", absolute},
    {"round", round},         {"escape", escape},     {"e", escape},         {"format", format},
    {"wordcount", wordcount}, {"truncate", truncate},
};

}  // namespace

Filter find_text_filter(std::string_view name) {
  const auto* found =
      std::find_if(std::begin(kFilters), std::end(kFilters), [&](const auto& f) { return f.name == name; });
  return found == std::end(kFilters) ? nullptr : found->filter;
}

}  // namespace linnet::jinja
