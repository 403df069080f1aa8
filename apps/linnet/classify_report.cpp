#include "classify_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "linnet/base/error.h"
#include "linnet/base/utf8.h"
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

}  // namespace

ClassifyReport::ClassifyReport(OutputStyle style, std::vector<std::string> labels, std::int64_t top_k)
    : style_(style), labels_(std::move(labels)), shown_(labels_.size()) {
  if (top_k > 0) shown_ = std::min(shown_, static_cast<std::size_t>(top_k));
  for (const std::string& label : labels_) label_width_ = std::max(label_width_, utf8::count(label) + 1);
}

Json ClassifyReport::json_of(const tasks::Classification& answer) const {
  if (!answer.label) return {{"label", nullptr}, {"raw", answer.raw}};
  Json scores = Json::array();
  for (const tasks::LabelScore& s : answer.scores) {
    if (scores.size() == shown_) break;
    Json entry{{"label", s.label}, {"score", s.score}};
    entry["logprob"] = std::isfinite(s.logprob) ? Json(s.logprob) : Json();
    scores.push_back(std::move(entry));
  }
  Json json{{"label", *answer.label},
            {"score", answer.score},
            {"scores", std::move(scores)},
            {"margin", answer.margin},
            {"abstained", answer.abstained}};
  if (!answer.raw.empty()) json["raw"] = answer.raw;
  return json;
}

// The label, its probability, the other labels with theirs, and the text.
std::string ClassifyReport::row_of(std::string_view text, const tasks::Classification& answer) const {
  if (!answer.label)
    return format_printable("{}         {}   (the model said: {})\n", padded("-", label_width_), excerpt(text),
                       excerpt(answer.raw));
  std::string others;
  for (std::size_t i = 1; i < std::min(shown_, answer.scores.size()); ++i)
    others += format_printable("  {} {:.4f}", padded(answer.scores[i].label, label_width_), answer.scores[i].score);
  return format_printable("{}  {:.4f}{}  {}\n", padded(*answer.label + (answer.abstained ? "?" : ""), label_width_),
                     answer.score, others, excerpt(text));
}

void ClassifyReport::add(std::string_view text, const tasks::Classification& answer, std::int32_t expected) {
  ++texts_;
  abstained_ += answer.abstained ? 1 : 0;
  if (style_ == OutputStyle::kJson)
    print_json(json_of(answer));
  else
    print_result(row_of(text, answer));
  if (expected < 0) return;
  Prediction p;
  p.expected = expected;
  if (answer.label)
    p.predicted = static_cast<std::int32_t>(std::find(labels_.begin(), labels_.end(), *answer.label) - labels_.begin());
  predictions_.push_back(p);
}

void ClassifyReport::finish() {
  if (predictions_.empty()) return;
  std::int64_t right = 0;
  for (const Prediction& p : predictions_) right += p.expected == p.predicted ? 1 : 0;
  const auto all = static_cast<std::int64_t>(predictions_.size());
  const double accuracy = static_cast<double>(right) / static_cast<double>(all);
  const double f1 = macro_f1(predictions_, labels_.size());
  if (style_ == OutputStyle::kJson) {
    print_json({{"summary",
                 {{"texts", texts_},
                  {"labelled", all},
                  {"right", right},
                  {"accuracy", accuracy},
                  {"macro_f1", f1},
                  {"abstained", abstained_}}}});
    return;
  }
  print_note(format_printable("accuracy {:.1f} % ({} of {}), macro-F1 {:.1f} %{}", 100 * accuracy, right, all, 100 * f1,
                         abstained_ > 0 ? format_printable(", {} abstained", abstained_) : ""));
}

}  // namespace linnet::app
