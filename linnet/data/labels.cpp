#include "linnet/data/labels.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <set>

#include "linnet/base/error.h"

namespace linnet {
namespace {

// A label as the text that names it.
std::string label_text(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  return dump_json(value);
}

std::optional<std::int64_t> as_integer(std::string_view text) {
  std::int64_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc{} || read.ptr != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

std::optional<double> as_number(std::string_view text) {
  double value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc{} || read.ptr != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

void collect(std::set<std::string>& texts, const Json& value) {
  if (no_label(value)) return;
  if (value.is_array()) {
    for (const Json& item : value) texts.insert(label_text(item));
  } else {
    texts.insert(label_text(value));
  }
}

}  // namespace

bool no_label(const Json& value) {
  return value.is_null() || (value.is_string() && value.get_ref<const std::string&>().empty());
}

LabelKind guess_label_kind(const std::vector<const Json*>& values) {
  bool any = false, numbers = true, fraction = false;
  for (const Json* value : values) {
    if (no_label(*value)) continue;
    if (value->is_array()) return LabelKind::kMulti;
    any = true;
    const std::string text = label_text(*value);
    numbers = numbers && !value->is_boolean() && as_number(text).has_value();
    fraction = fraction || !as_integer(text).has_value();
  }
  if (!any) return LabelKind::kNone;
  return numbers && fraction ? LabelKind::kValue : LabelKind::kClass;
}

LabelTable::LabelTable(std::vector<std::string> known, const std::vector<const Json*>& values)
    : names_(std::move(known)) {
  if (names_.empty()) {
    std::set<std::string> texts;
    for (const Json* value : values) collect(texts, *value);
    names_.assign(texts.begin(), texts.end());
    const bool integers =
        std::all_of(names_.begin(), names_.end(), [](const auto& t) { return as_integer(t).has_value(); });
    if (integers)
      std::sort(names_.begin(), names_.end(),
                [](const auto& a, const auto& b) { return *as_integer(a) < *as_integer(b); });
  }
  for (const std::string& name : names_) ids_.emplace(name, static_cast<std::int32_t>(ids_.size()));
}

std::int32_t LabelTable::id(const Json& value, std::string_view place) const {
  const std::string text = label_text(value);
  check(!value.is_structured() && !value.is_null(), ErrorKind::kBadInput,
        "{}: the label {} is no name or number; give one", place, printable(dump_json(value), 60));
  if (const auto found = ids_.find(text); found != ids_.end()) return found->second;
  const auto number = as_integer(text);
  if (number && *number >= 0 && *number < static_cast<std::int64_t>(names_.size()))
    return static_cast<std::int32_t>(*number);
  const std::size_t shown = std::min<std::size_t>(names_.size(), 20);
  fail(ErrorKind::kBadInput, "{}: the label '{}' is none of: {}{}; correct it", place, printable(text, 60),
       printable(
           fmt::format("{}", fmt::join(names_.begin(), names_.begin() + static_cast<std::ptrdiff_t>(shown), ", "))),
       shown < names_.size() ? ", …" : "");
}

double label_value(const Json& value, std::string_view place) {
  const auto number = as_number(label_text(value));
  check(number && std::isfinite(*number) && !value.is_boolean(), ErrorKind::kBadInput,
        "{}: the label '{}' is not a number", place, printable(label_text(value), 60));
  return *number;
}

std::vector<Json> label_list(const Json& value) {
  if (value.is_array()) return {value.begin(), value.end()};
  if (!value.is_string()) return {value};
  std::vector<Json> parts;
  std::string_view text = value.get_ref<const std::string&>();
  for (;;) {
    const auto comma = text.find(',');
    std::string_view part = text.substr(0, comma);
    while (part.starts_with(' ')) part.remove_prefix(1);
    while (part.ends_with(' ')) part.remove_suffix(1);
    if (!part.empty()) parts.emplace_back(std::string(part));
    if (comma == text.npos) return parts;
    text.remove_prefix(comma + 1);
  }
}

}  // namespace linnet
