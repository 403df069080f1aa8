#include "linnet/data/labels.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <unordered_set>

#include "linnet/base/error.h"
#include "linnet/data/rows.h"

namespace linnet {
namespace {

// The target that PyTorch's losses ignore.
constexpr std::string_view kIgnoredTarget = "-100";

template <class Number>
std::optional<Number> read_number(std::string_view text) {
  Number value{};
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc{} || read.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

// "2.0": pandas writes integers of a column with gaps like this.
bool whole_with_point(std::string_view text) {
  const auto point = text.find('.');
  return point != text.npos && point + 1 < text.size() && text.find_first_not_of('0', point + 1) == text.npos &&
         read_number<std::int64_t>(text.substr(0, point));
}
std::string without_point(std::string_view text) {
  return std::string(whole_with_point(text) ? text.substr(0, text.find('.')) : text);
}

bool no_label(const Cell& cell) {
  return cell.kind == CellKind::kAbsent || blank(cell.text) || (cell.kind == CellKind::kJson && cell.text == "null");
}

// The labels of a cell with a list; also of a text that is a JSON list, since pandas writes it like this.
std::optional<Json> as_list(const Cell& cell, std::string_view place) {
  const std::string_view text = trimmed(cell.text);
  if (!text.starts_with('[') || !text.ends_with(']')) return std::nullopt;
  if (cell.kind == CellKind::kText && !Json::accept(text)) return std::nullopt;
  return parse_json(text, place);
}

std::string item_text(const Json& item, std::string_view place) {
  check(!item.is_structured() && !item.is_null(), ErrorKind::kBadInput,
        "{}: the label {} is neither a name nor a number; give one", place, printable(dump_json(item), 60));
  return item.is_string() ? std::string(trimmed(item.get_ref<const std::string&>())) : without_point(dump_json(item));
}

// True for lists as Python and NumPy print them, which are not JSON: "['a', 'b']", "[True, False]", "[1 0]".
bool like_printed_list(std::string_view text) {
  if (text.size() < 2 || text.front() != '[' || text.back() != ']') return false;
  text = trimmed(text.substr(1, text.size() - 2));
  return text.empty() || text.find_first_of(",'\"") != text.npos ||
         text.find_first_not_of("0123456789. -") == text.npos;
}

std::string scalar_text(const Cell& cell, std::string_view place) {
  check(cell.kind == CellKind::kText || !cell.text.starts_with('{'), ErrorKind::kBadInput,
        "{}: the label {} is neither a name nor a number; give one", place, printable(cell.text, 60));
  check(!like_printed_list(trimmed(cell.text)), ErrorKind::kBadInput,
        "{}: the label {} looks like a list and is no JSON; write [\"a\", \"b\"] or [0, 1]", place,
        printable(cell.text, 60));
  return std::string(trimmed(cell.text));
}

// Labels of a text with several: "news, sport".
std::vector<std::string> cut_at_commas(std::string_view text) {
  std::vector<std::string> parts;
  for (;;) {
    const auto comma = text.find(',');
    if (const std::string_view part = trimmed(text.substr(0, comma)); !part.empty()) parts.emplace_back(part);
    if (comma == text.npos) return parts;
    text.remove_prefix(comma + 1);
  }
}

// Properties that all cells of the column have.
struct Survey {
  std::unordered_set<std::string> names;  // up to one more than the maximum
  std::size_t rows = 0, lists = 0;        // with a label
  bool numbers = true, fraction = false, point = false;
  bool flags = true, same_length = true, repeated = false;  // of the lists
  std::size_t length = 0;

  void see(const std::string& name) {
    if (names.size() <= kMaxLabels) names.insert(name);
  }
};

void survey_list(Survey& survey, const Json& list, std::string_view place) {
  if (survey.lists++ == 0) survey.length = list.size();
  survey.same_length = survey.same_length && list.size() == survey.length;
  std::unordered_set<std::string> own;
  for (const Json& item : list) {
    const std::string name = item_text(item, place);
    check(!item.is_number_float() || whole_with_point(dump_json(item)), ErrorKind::kBadInput,
          "{}: the label list {} holds fractions, which are not labels; give 0 or 1 per label, or names", place,
          printable(dump_json(list), 60));
    survey.flags = survey.flags && !item.is_string() && (name == "0" || name == "1" || item.is_boolean());
    survey.repeated = survey.repeated || !own.insert(name).second;
    survey.see(name);
  }
}

Survey survey_of(const Dataset& data, std::size_t column, bool many) {
  Survey survey;
  for (std::size_t i = 0; i < data.examples.size(); ++i) {
    const Cell cell = data.examples.record(i).find(column);
    if (no_label(cell)) continue;
    const std::string place = data.place(i);
    ++survey.rows;
    if (const auto list = as_list(cell, place)) {
      survey_list(survey, *list, place);
      continue;
    }
    const std::string name = scalar_text(cell, place);
    if (name == kIgnoredTarget && !many) continue;
    if (many) {
      for (const std::string& part : cut_at_commas(name)) survey.see(part);
      survey.flags = false;
      continue;
    }
    survey.see(name);
    survey.numbers = survey.numbers && read_number<double>(name);
    const bool whole = read_number<std::int64_t>(name).has_value(), point = whole_with_point(name);
    survey.point = survey.point || point;
    survey.fraction = survey.fraction || (!whole && !point);
  }
  return survey;
}

LabelKind kind_of(const Survey& survey, const ReadOptions& options, const std::string& file) {
  if (survey.lists > 0) return LabelKind::kMulti;
  if (survey.names.empty()) return LabelKind::kNone;
  if (!survey.numbers) return LabelKind::kClass;
  if (survey.fraction) return LabelKind::kValue;
  if (survey.names.size() == 1 && survey.names.contains("-1")) return LabelKind::kNone;
  if (options.doubtful_labels == DoubtfulLabels::kAreClasses) return LabelKind::kClass;
  check(!survey.point, ErrorKind::kBadInput,
        "{}: the labels are whole numbers with a point, as {}: classes or numbers to predict? say {} single-label "
        "or regression, or write classes without a point",
        file, *std::min_element(survey.names.begin(), survey.names.end()), option("label_kind"));
  check(!survey.names.contains("-1") || !survey.names.contains("0"), ErrorKind::kBadInput,
        "{}: the label -1 may be a class or mean that a row has none; say {} single-label if it is a class, else leave "
        "those labels empty",
        file, option("label_kind"));
  return LabelKind::kClass;
}

std::vector<std::string> sorted_names(const Survey& survey) {
  std::vector<std::string> names(survey.names.begin(), survey.names.end());
  std::sort(names.begin(), names.end());
  const auto value = [](const std::string& name) { return read_number<std::int64_t>(name); };
  if (std::all_of(names.begin(), names.end(), [&](const auto& name) { return value(name).has_value(); }))
    std::stable_sort(names.begin(), names.end(), [&](const auto& a, const auto& b) { return *value(a) < *value(b); });
  return names;
}

class LabelTable {
 public:
  LabelTable(std::vector<std::string> names, const std::vector<std::string>& found, LabelNumbers numbers)
      : names_(std::move(names)) {
    for (std::size_t i = 0; i < names_.size(); ++i) ids_.emplace(names_[i], static_cast<std::int32_t>(i));
    const auto named = [&](const std::string& label) { return ids_.contains(label); };
    const auto like_number = [](const std::string& name) { return read_number<double>(name).has_value(); };
    const auto in_range = [&](const std::string& label) {
      const auto number = read_number<std::int64_t>(label);
      return number && *number >= 0 && *number < static_cast<std::int64_t>(names_.size());
    };
    numbers_are_ids_ =
        numbers == LabelNumbers::kMayBeIds && !found.empty() && std::none_of(found.begin(), found.end(), named) &&
        std::none_of(names_.begin(), names_.end(), like_number) && std::all_of(found.begin(), found.end(), in_range);
  }

  std::int32_t find(const std::string& label) const {
    if (numbers_are_ids_) return static_cast<std::int32_t>(*read_number<std::int64_t>(label));
    const auto found = ids_.find(label);
    return found == ids_.end() ? -1 : found->second;
  }
  std::int32_t id(const std::string& label, std::string_view place) const {
    const std::int32_t found = find(label);
    if (found >= 0) return found;
    const std::size_t shown = std::min<std::size_t>(names_.size(), 20);
    fail(ErrorKind::kBadInput, "{}: the label '{}' is none of: {}{}; correct it", place, printable(label, 60),
         fmt::join(names_.begin(), names_.begin() + static_cast<std::ptrdiff_t>(shown), ", "),
         shown < names_.size() ? ", …" : "");
  }
  bool numbers_are_ids() const { return numbers_are_ids_; }
  const std::vector<std::string>& names() const { return names_; }

 private:
  std::vector<std::string> names_;
  std::unordered_map<std::string, std::int32_t> ids_;
  bool numbers_are_ids_ = false;
};

LabelTable table_of(const Survey& survey, const ReadOptions& options, const std::string& file) {
  check(survey.names.size() <= kMaxLabels, ErrorKind::kBadInput,
        "{}: the label column has more than {} different values; name another one with {}", file, kMaxLabels,
        option("label_column"));
  const std::vector<std::string> found(survey.names.begin(), survey.names.end());
  return {options.label_names.empty() ? sorted_names(survey) : options.label_names, found, options.label_numbers};
}

// Reads lists with one flag per label, as Transformers expects them.
void read_flags(Dataset& data, std::size_t column, const Survey& survey, const ReadOptions& options) {
  data.label_names = options.label_names;
  if (data.label_names.empty())
    for (std::size_t i = 0; i < survey.length; ++i) data.label_names.push_back(fmt::format("LABEL_{}", i));
  check(data.label_names.size() == survey.length, ErrorKind::kBadInput,
        "{}: the labels are lists of {} flags, and there are {} labels; give one flag per label", data.file,
        survey.length, data.label_names.size());
  for (std::size_t i = 0; i < data.examples.size(); ++i) {
    const auto list = as_list(data.examples.record(i).find(column), data.place(i));
    if (!list) continue;
    std::vector<std::int32_t> labels;
    for (std::size_t at = 0; at < list->size(); ++at) {
      const Json& flag = (*list)[at];
      const bool on = flag.is_boolean() ? flag.get<bool>() : flag.get<double>() != 0;
      if (on) labels.push_back(static_cast<std::int32_t>(at));
    }
    data.examples.set_labels(i, labels);
  }
  data.label_meaning = fmt::format("{} flags per row (multi-label)", survey.length);
}

void read_lists(Dataset& data, std::size_t column, const Survey& survey, const ReadOptions& options) {
  if (survey.lists > 0 && survey.lists == survey.rows && survey.flags && survey.same_length && survey.length > 0)
    return read_flags(data, column, survey, options);
  check(!survey.repeated, ErrorKind::kBadInput,
        "{}: a label list holds a label twice, and the lists are not flags (0 or 1 per label, as many in every row); "
        "write each label once",
        data.file);
  const LabelTable table = table_of(survey, options, data.file);
  for (std::size_t i = 0; i < data.examples.size(); ++i) {
    const Cell cell = data.examples.record(i).find(column);
    if (no_label(cell)) continue;
    const std::string place = data.place(i);
    std::vector<std::int32_t> labels;
    if (const auto list = as_list(cell, place))
      for (const Json& item : *list) labels.push_back(table.id(item_text(item, place), place));
    else
      for (const std::string& label : cut_at_commas(scalar_text(cell, place))) labels.push_back(table.id(label, place));
    data.examples.set_labels(i, labels);
  }
  data.label_names = table.names();
  data.label_meaning = fmt::format("any of {} labels per row (multi-label)", data.label_names.size());
}

void read_classes(Dataset& data, std::size_t column, Survey survey, const ReadOptions& options) {
  const bool whole = survey.point && !survey.fraction;  // 0.0 and 1.0 are the classes 0 and 1
  const auto name_of = [&](const std::string& text) { return whole ? without_point(text) : text; };
  if (whole) {
    std::unordered_set<std::string> names;
    for (const std::string& name : survey.names) names.insert(name_of(name));
    survey.names = std::move(names);
  }
  const LabelTable table = table_of(survey, options, data.file);
  for (std::size_t i = 0; i < data.examples.size(); ++i) {
    const Cell cell = data.examples.record(i).find(column);
    if (no_label(cell)) continue;
    const std::string place = data.place(i), label = scalar_text(cell, place);
    if (label != kIgnoredTarget) data.examples.set_label(i, table.id(name_of(label), place));
  }
  data.label_names = table.names();
  data.label_meaning = fmt::format("one of {} classes per row{}", data.label_names.size(),
                                   table.numbers_are_ids() ? ", given by their ids" : "");
}

}  // namespace

void read_labels(Dataset& data, std::size_t column, const ReadOptions& options) {
  const bool many = options.label_kind == LabelKind::kMulti;
  const Survey survey = options.label_kind == LabelKind::kValue ? Survey() : survey_of(data, column, many);
  data.label_kind = options.label_kind != LabelKind::kNone ? options.label_kind : kind_of(survey, options, data.file);
  if (options.labels == Labels::kRequired)
    for (std::size_t i = 0; i < data.examples.size(); ++i)
      check(!no_label(data.examples.record(i).find(column)), ErrorKind::kBadInput,
            "{}: the row has no '{}'; give it one", data.place(i), printable(data.columns[column], 60));
  if (data.label_kind == LabelKind::kMulti) return read_lists(data, column, survey, options);
  if (data.label_kind == LabelKind::kClass) return read_classes(data, column, survey, options);
  if (data.label_kind != LabelKind::kValue) return;
  data.examples.read_values();
  for (std::size_t i = 0; i < data.examples.size(); ++i) {
    const Cell cell = data.examples.record(i).find(column);
    if (no_label(cell)) continue;
    const auto value = label_value(cell);
    check(value && std::isfinite(*value), ErrorKind::kBadInput, "{}: the label '{}' is not a number; correct it",
          data.place(i), printable(cell.text, 60));
  }
  data.label_meaning = "a number per row (regression)";
}

std::optional<double> label_value(const Cell& cell) { return read_number<double>(trimmed(cell.text)); }

void read_tags(Dataset& data, std::size_t column, const ReadOptions& options) {
  data.label_kind = LabelKind::kClass;
  const auto tags_of = [&](std::size_t i, const std::string& place) {
    const auto list = as_list(data.examples.record(i).find(column), place);
    check(list.has_value(), ErrorKind::kBadInput, "{}: '{}' is not a list of tags; give one per token", place,
          printable(data.columns[column], 60));
    std::vector<std::string> tags;
    for (const Json& tag : *list) tags.push_back(item_text(tag, place));
    return tags;
  };
  Survey survey;
  for (std::size_t i = 0; i < data.examples.size(); ++i)
    for (const std::string& tag : tags_of(i, data.place(i)))
      if (tag != kIgnoredTarget) survey.see(tag);
  const LabelTable table = table_of(survey, options, data.file);
  for (std::size_t i = 0; i < data.examples.size(); ++i) {
    const std::string place = data.place(i);
    std::vector<std::int32_t> ids;
    for (const std::string& tag : tags_of(i, place)) ids.push_back(tag == kIgnoredTarget ? -1 : table.id(tag, place));
    data.examples.set_labels(i, ids);
  }
  data.label_names = table.names();
  data.label_meaning = fmt::format("one of {} tags per token", data.label_names.size());
}

std::vector<std::int32_t> match_labels(const std::vector<std::string>& labels, const std::vector<std::string>& known,
                                       LabelNumbers numbers) {
  const LabelTable table(known, labels, numbers);
  std::vector<std::int32_t> places;
  for (const std::string& label : labels) places.push_back(table.find(label));
  return places;
}

}  // namespace linnet
