#include "linnet/data/report.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <optional>

#include "linnet/base/error.h"
#include "linnet/base/utf8.h"

namespace linnet {
namespace {

constexpr std::size_t kShown = 5;  // number of places that a finding lists

// Rows are duplicates if all inputs of the model are equal.
std::string identity(const Example& example) {
  std::string key;
  for (const CellText& part :
       {example.text, example.text_pair, example.prompt, example.question, example.context, example.list})
    (key += part) += '\0';
  return key;
}

bool same_label(const Example& a, const Example& b) {
  const bool both_nan = a.value != a.value && b.value != b.value;
  return a.label == b.label && a.labels == b.labels && a.tags == b.tags && (both_nan || a.value == b.value) &&
         a.target == b.target && a.completion == b.completion;
}

std::int64_t character_count(const Example& example) {
  std::size_t count = utf8::count(example.text) + utf8::count(example.text_pair) + utf8::count(example.prompt) +
                      utf8::count(example.completion) + utf8::count(example.question) + utf8::count(example.context);
  count += utf8::count(example.list);
  return static_cast<std::int64_t>(count);
}

using LengthCounts = std::map<std::int64_t, std::int64_t>;  // number of rows per length

LengthSummary summarize(const LengthCounts& counts) {
  if (counts.empty()) return {};
  std::int64_t rows = 0;
  double sum = 0;
  for (const auto& [length, count] : counts) {
    rows += count;
    sum += static_cast<double>(length) * static_cast<double>(count);
  }
  const auto at = [&](double share) {
    std::int64_t before = std::llround(share * static_cast<double>(rows - 1));
    auto found = counts.begin();
    for (; before >= found->second; ++found) before -= found->second;
    return found->first;
  };
  return {at(0), at(0.5), at(0.95), at(1), sum / static_cast<double>(rows)};
}

void count_classes(DataReport& report, const Dataset& train) {
  report.classes = train.label_names;
  report.class_rows.assign(train.label_names.size(), 0);
  const auto count = [&](std::int32_t label) {
    if (label >= 0) ++report.class_rows[static_cast<std::size_t>(label)];
  };
  for (const Example& example : train.examples) {
    count(example.label);
    for (const std::int32_t label : example.labels) count(label);
    for (const std::int32_t label : example.tags) count(label);
  }
}

// Index of rows by the model's inputs: a hash table of row numbers, a third of it free.
class RowIndex {
 public:
  explicit RowIndex(const Examples& rows) : rows_(rows), slots_(rows.size() + rows.size() / 2 + 1, kFree) {}

  // The first duplicate of row `index`; if there is none, adds the row.
  std::optional<std::size_t> find_or_add(std::size_t index) {
    std::uint32_t& slot = slots_[slot_of(rows_[index])];
    if (slot != kFree) return slot;
    slot = static_cast<std::uint32_t>(index);
    return std::nullopt;
  }
  bool contains(const Example& example) const { return slots_[slot_of(example)] != kFree; }

 private:
  static constexpr std::uint32_t kFree = UINT32_MAX;
  static_assert(kMaxRows < kFree);

  // Slot of a duplicate, or the free one for this row.
  std::size_t slot_of(const Example& example) const {
    const std::string key = identity(example);
    std::size_t at = std::hash<std::string>()(key) % slots_.size();
    while (slots_[at] != kFree && identity(rows_[slots_[at]]) != key) at = (at + 1) % slots_.size();
    return at;
  }

  const Examples& rows_;
  std::vector<std::uint32_t> slots_;
};

void compare_rows(DataReport& report, const Dataset& train, const Dataset* valid) {
  RowIndex seen(train.examples);
  for (std::size_t i = 0; i < train.examples.size(); ++i) {
    const auto first = seen.find_or_add(i);
    if (!first) continue;
    ++report.duplicates;
    report.conflicting += !same_label(train.examples[i], train.examples[*first]);
  }
  if (!valid) return;
  report.valid_rows = static_cast<std::int64_t>(valid->examples.size());
  for (std::size_t i = 0; i < valid->examples.size(); ++i) {
    if (!seen.contains(valid->examples[i])) continue;
    ++report.leaked;
    if (report.leaked_places.size() < kShown) report.leaked_places.push_back(valid->place(i));
  }
}

void warn_about(DataReport& report, const Dataset& train) {
  auto& warnings = report.warnings;
  const auto add = [&](std::string text) { warnings.push_back(std::move(text)); };
  std::int64_t empty = 0, unlabelled = 0;
  for (const Example& example : train.examples) {
    empty += identity(example).find_first_not_of('\0') == std::string::npos;
    unlabelled +=
        train.label_kind == LabelKind::kClass && train.shape == DataShape::kClassification && example.label < 0;
  }
  if (empty > 0) add(fmt::format("{} rows have no text", empty));
  if (unlabelled > 0) add(fmt::format("{} rows have no label", unlabelled));
  if (train.label_kind == LabelKind::kClass && !report.class_rows.empty()) {
    const auto [least, most] = std::minmax_element(report.class_rows.begin(), report.class_rows.end());
    const auto name = [&](auto at) {
      return printable(report.classes[static_cast<std::size_t>(at - report.class_rows.begin())], 60);
    };
    if (report.class_rows.size() == 1) add(fmt::format("there is only one class, '{}'", name(least)));
    if (*least == 0) add(fmt::format("no row has the label '{}'", name(least)));
    if (*least > 0 && *most >= 10 * *least)
      add(fmt::format("'{}' has {} times the rows of '{}'; consider {}", name(most), *most / *least, name(least),
                      option("class_weights")));
  }
  if (report.conflicting > 0) add(fmt::format("{} rows repeat an earlier text with another label", report.conflicting));
  if (report.leaked > 0)
    add(fmt::format("{} of {} validation rows are also in the training data ({}{}): the score will flatter",
                    report.leaked, report.valid_rows, fmt::join(report.leaked_places, ", "),
                    report.leaked > static_cast<std::int64_t>(kShown) ? ", …" : ""));
  if (report.truncated > 0)
    add(fmt::format("{} rows are longer than {} and lose {} in all", report.truncated, report.max_length, report.cut));
}

}  // namespace

DataReport describe(const Dataset& train, const Dataset* valid, std::span<const std::int64_t> lengths,
                    std::int64_t max_length) {
  DataReport report;
  report.rows = static_cast<std::int64_t>(train.examples.size());
  report.max_length = max_length;
  LengthCounts counts;
  for (const std::int64_t length : lengths) ++counts[length];
  if (lengths.empty())
    for (const Example& example : train.examples) ++counts[character_count(example)];
  for (const auto& [length, count] : counts) {
    if (max_length <= 0 || length <= max_length) continue;
    report.truncated += count;
    report.cut += count * (length - max_length);
  }
  report.lengths = summarize(counts);
  count_classes(report, train);
  compare_rows(report, train, valid);
  warn_about(report, train);
  return report;
}

std::string DataReport::text() const {
  std::string out = fmt::format("{} rows", rows);
  if (valid_rows > 0) out += fmt::format(", {} for validation", valid_rows);
  out += fmt::format("; length {} to {}, median {}, 95 % up to {}", lengths.shortest, lengths.longest, lengths.median,
                     lengths.p95);
  if (duplicates > 0) out += fmt::format("; {} repeated", duplicates);
  out += '\n';
  std::int64_t labelled = 0;
  for (const std::int64_t count : class_rows) labelled += count;
  for (std::size_t i = 0; i < classes.size() && i < 20 && labelled > 0; ++i)
    out += fmt::format("  {:<20} {:>8}  {:5.1f} %\n", printable(classes[i], 60), class_rows[i],
                       100.0 * static_cast<double>(class_rows[i]) / static_cast<double>(labelled));
  if (classes.size() > 20) out += fmt::format("  … and {} more\n", classes.size() - 20);
  for (const std::string& warning : warnings) out += "warning: " + warning + '\n';
  return out;
}

Json DataReport::json() const {
  Json labels = Json::object();
  for (std::size_t i = 0; i < classes.size(); ++i) labels[classes[i]] = class_rows[i];
  return Json{{"rows", rows},
              {"valid_rows", valid_rows},
              {"labels", labels},
              {"lengths",
               {{"shortest", lengths.shortest},
                {"median", lengths.median},
                {"p95", lengths.p95},
                {"longest", lengths.longest},
                {"mean", lengths.mean}}},
              {"max_length", max_length},
              {"truncated", truncated},
              {"cut", cut},
              {"duplicates", duplicates},
              {"conflicting", conflicting},
              {"leaked", leaked},
              {"warnings", warnings}};
}

}  // namespace linnet
