#include "classify_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "linnet/base/error.h"
#include "linnet/base/utf8.h"
#include "linnet/tasks/classify_json.h"
#include "output.h"

namespace linnet::app {

namespace {

constexpr std::size_t kTextWidth = 60;  // characters of a text shown in a table

// The beginning of a text on one line.
std::string excerpt(std::string_view text) {
  std::string line;
  std::size_t characters = 0;
  for (bool blank = false; !text.empty() && characters < kTextWidth; ++characters) {
    const std::size_t length = utf8::decode(text).length;
    const auto c = static_cast<unsigned char>(text.front());
    blank = c <= ' ' || c == 0x7F;
    if (!blank || !line.ends_with(' ')) line += blank ? " " : std::string(text.substr(0, length));
    text.remove_prefix(length);
  }
  while (line.ends_with(' ')) line.pop_back();
  return text.empty() ? line : line + " …";
}

std::string padded(std::string text, std::size_t width) {
  const std::size_t have = utf8::count(text);
  if (have < width) text.append(width - have, ' ');
  return text;
}

// A label truncated to `width` characters, for a table.
Printable cut_label(const std::string& label, std::size_t width) {
  if (utf8::count(label) <= width) return printable(label);
  std::string_view rest = label;
  for (std::size_t i = 0; i + 1 < width && !rest.empty(); ++i) rest.remove_prefix(utf8::decode(rest).length);
  return printable(label.substr(0, label.size() - rest.size())) + Printable("…");
}

constexpr std::size_t kTableWidth = 60;      // columns of a narrow terminal
constexpr std::size_t kMostInTable = 30;     // labels with a line each
constexpr std::size_t kMostInMatrix = 1000;  // labels: a million cells

}  // namespace

ClassifyReport::ClassifyReport(std::vector<std::string> labels, std::int64_t top_k)
    : labels_(std::move(labels)), shown_(labels_.size()), confusion_(labels_.size()) {
  if (top_k > 0) shown_ = std::min(shown_, static_cast<std::size_t>(top_k));
  for (const std::string& label : labels_) label_width_ = std::max(label_width_, utf8::count(label) + 1);
}

// The label, its probability, the other labels with theirs, and the text.
std::string ClassifyReport::line_of(std::string_view text, const tasks::Classification& answer) const {
  if (!answer.label)
    return format_printable("{}         {}   (the model wrote: {})\n", padded("-", label_width_), excerpt(text),
                            excerpt(answer.raw));
  std::string others;
  for (std::size_t i = 1; i < std::min(shown_, answer.scores.size()); ++i)
    others += format_printable("  {} {:.4f}", padded(answer.scores[i].label, label_width_), answer.scores[i].score);
  return format_printable("{}  {:.4f}{}  {}\n", padded(*answer.label + (answer.abstained ? "?" : ""), label_width_),
                          answer.score, others, excerpt(text));
}

RowAnswer ClassifyReport::answer(std::string_view text, const tasks::Classification& answer) const {
  RowAnswer row{tasks::classification_json(answer, static_cast<std::int64_t>(shown_)), line_of(text, answer), {}};
  if (answer.label)
    row.cells = {*answer.label, answer.score, answer.margin, answer.abstained};
  else
    row.cells = {nullptr, nullptr, nullptr, answer.abstained};
  return row;
}

void ClassifyReport::count(const tasks::Classification& answer, std::int32_t expected) {
  ++texts_;
  abstained_ += answer.abstained ? 1 : 0;
  if (expected < 0) return;
  const auto found = answer.label ? std::find(labels_.begin(), labels_.end(), *answer.label) : labels_.end();
  confusion_.add(static_cast<std::size_t>(expected), found - labels_.begin());
}

Json ClassifyReport::summary() const {
  const std::vector<LabelFigures> of = confusion_.figures();
  Json confusion = Json::array(), per_label = Json::object();
  for (std::size_t l = 0; l < labels_.size(); ++l) {
    if (!per_label.contains(labels_[l]))
      per_label[labels_[l]] = {
          {"precision", of[l].precision()}, {"recall", of[l].recall()}, {"f1", of[l].f1()}, {"support", of[l].support}};
    if (labels_.size() > kMostInMatrix) continue;
    Json& row = confusion.emplace_back(Json::array());
    for (std::size_t answer = 0; answer < labels_.size(); ++answer) row.push_back(confusion_.count(l, answer));
  }
  return {{"texts", texts_},
          {"labelled", confusion_.total()},
          {"right", confusion_.right()},
          {"accuracy", confusion_.accuracy()},
          {"macro_f1", confusion_.macro_f1()},
          {"abstained", abstained_},
          {"labels", labels_},
          {"confusion", labels_.size() > kMostInMatrix ? Json() : std::move(confusion)},
          {"per_label", std::move(per_label)}};
}

Printable ClassifyReport::confusion_table() const {
  const bool some_without = confusion_.without_answer() > 0;
  constexpr std::size_t kLabel = 12;
  Table table{{"right \\ answer"}};
  for (const std::string& label : labels_) table.front().push_back(cut_label(label, kLabel));
  if (some_without) table.front().push_back("none");
  for (std::size_t l = 0; l < labels_.size(); ++l) {
    auto& line = table.emplace_back(1, cut_label(labels_[l], kLabel + 4));
    for (std::size_t c = 0; c + 1 < table.front().size(); ++c)
      line.push_back(format_printable("{}", confusion_.count(l, c)));
  }
  Printable text = format_table(table);
  const std::size_t width = utf8::count(std::string_view(text).substr(0, text.text().find('\n')));
  return width <= kTableWidth ? text : Printable();
}

void ClassifyReport::print_summary() const {
  const std::vector<LabelFigures> of = confusion_.figures();
  print_note(format_printable("accuracy {:.1f} % ({} of {}), macro-F1 {:.1f} %{}", 100 * confusion_.accuracy(),
                              confusion_.right(), confusion_.total(), 100 * confusion_.macro_f1(),
                              abstained_ > 0 ? format_printable(", {} abstained", abstained_) : Printable()));
  if (labels_.size() > kMostInTable) return print_note("the figures of every label: --json");
  Table table{{"label", "precision", "recall", "F1", "texts"}};
  for (std::size_t l = 0; l < labels_.size(); ++l)
    table.push_back({cut_label(labels_[l], 24), format_printable("{:.1f} %", 100 * of[l].precision()),
                     format_printable("{:.1f} %", 100 * of[l].recall()), format_printable("{:.1f} %", 100 * of[l].f1()),
                     format_printable("{}", of[l].support)});
  print_note(format_table(table) + confusion_table());
}

}  // namespace linnet::app
