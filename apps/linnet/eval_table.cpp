#include "eval_table.h"

#include <fmt/format.h>

#include <cmath>

#include "linnet/eval/confusion.h"

namespace linnet::app {

namespace {

constexpr std::size_t kMostInEvalMatrix = 1000;  // labels

Json number_or_null(double value) { return std::isfinite(value) ? Json(value) : Json(); }
Json interval_json(const std::optional<Interval>& interval) {
  return interval ? Json{interval->low, interval->high} : Json();
}

Confusion confusion_of(const JudgedClasses& judged) {
  Confusion confusion(judged.labels);
  for (std::size_t i = 0; i < judged.expected.size(); ++i)
    confusion.add(static_cast<std::size_t>(judged.expected[i]), judged.predicted[i]);
  return confusion;
}

Json confusion_json(const Confusion& confusion) {
  if (confusion.labels() > kMostInEvalMatrix) return {};
  Json matrix = Json::array();
  for (std::size_t expected = 0; expected < confusion.labels(); ++expected) {
    Json& row = matrix.emplace_back(Json::array());
    for (std::size_t predicted = 0; predicted < confusion.labels(); ++predicted)
      row.push_back(confusion.count(expected, predicted));
  }
  return matrix;
}

Json row_json(const EvalTable& table, std::size_t r) {
  const EvalRow& row = table.rows[r];
  const std::vector<double>& values = table.comparison.values()[r];
  const auto& intervals = table.comparison.intervals()[r];
  Json metrics = Json::object(), of_metrics = Json::object(), per_label = Json::object();
  for (std::size_t m = 0; m < kClassMetrics; ++m) {
    const std::string name(metric_name(static_cast<ClassMetric>(m)));
    metrics[name] = number_or_null(values[m]);
    of_metrics[name] = interval_json(intervals[m]);
  }
  const Confusion confusion = confusion_of(row.judged);
  const std::vector<LabelFigures> figures = confusion.figures();
  for (std::size_t l = 0; l < table.labels.size(); ++l)
    per_label[table.labels[l]] = {{"precision", figures[l].precision()},
                                  {"recall", figures[l].recall()},
                                  {"f1", figures[l].f1()},
                                  {"support", figures[l].support},
                                  {"precision_interval", interval_json(intervals[ClassMetrics::precision_at(l)])},
                                  {"recall_interval", interval_json(intervals[ClassMetrics::recall_at(l)])}};
  return {{"name", row.name},
          {"model", row.model.empty() ? Json() : Json(row.model)},
          {"engine", row.engine},
          {"template", row.prompt.empty() ? Json() : Json(row.prompt)},
          {"shots", row.shots},
          {"metrics", std::move(metrics)},
          {"intervals", std::move(of_metrics)},
          {"per_label", std::move(per_label)},
          {"confusion", confusion_json(confusion)},
          {"without_label", confusion.without_answer()},
          {"refused", row.refused},
          {"texts_per_s", row.texts_per_s},
          {"peak_bytes", row.peak_bytes == 0 ? Json() : Json(row.peak_bytes)},
          {"p_vs_best", table.comparison.p_vs_best()[r]}};
}

// "85.2 (83.1–87.0)", in per cent.
Printable per_cent(double value, const std::optional<Interval>& interval) {
  if (!std::isfinite(value)) return "-";
  if (!interval) return format_printable("{:.1f}", 100 * value);
  return format_printable("{:.1f} ({:.1f}–{:.1f})", 100 * value, 100 * interval->low, 100 * interval->high);
}
Printable decimal(double value, const std::optional<Interval>& interval) {
  if (!std::isfinite(value)) return "-";
  if (!interval) return format_printable("{:.3f}", value);
  return format_printable("{:.3f} ({:.3f}–{:.3f})", value, interval->low, interval->high);
}

Printable p_text(const EvalTable& table, std::size_t r) {
  if (r == table.comparison.best()) return "best";
  const double p = table.comparison.p_vs_best()[r];
  return p < 0.001 ? Printable("<0.001") : format_printable("{:.3f}", p);
}

Printable numbered_names(const EvalTable& table) {
  Printable text;
  for (std::size_t r = 0; r < table.rows.size(); ++r)
    text += format_printable("{:>3}  {}\n", r + 1, printable(table.rows[r].name, 300));
  return text;
}

Table main_table(const EvalTable& table) {
  Table lines{{"row", "accuracy %", "macro-F1 %", "MCC", "ECE", "texts/s", "memory", "p"}};
  for (std::size_t r = 0; r < table.rows.size(); ++r) {
    const std::vector<double>& values = table.comparison.values()[r];
    const auto& intervals = table.comparison.intervals()[r];
    const EvalRow& row = table.rows[r];
    lines.push_back({format_printable("{}", r + 1), per_cent(values[kAccuracy], intervals[kAccuracy]),
                     per_cent(values[kMacroF1], intervals[kMacroF1]), format_printable("{:.2f}", values[kMcc]),
                     decimal(values[kEce], {}), format_printable("{:.4g}", row.texts_per_s),
                     row.peak_bytes == 0 ? Printable("-") : format_bytes(static_cast<double>(row.peak_bytes)),
                     p_text(table, r)});
  }
  return lines;
}

Table probability_table(const EvalTable& table) {
  Table lines{{"row", "Brier", "log loss", format_printable("covered at {:g} % wrong", 100 * table.risk)}};
  for (std::size_t r = 0; r < table.rows.size(); ++r) {
    const std::vector<double>& values = table.comparison.values()[r];
    const auto& intervals = table.comparison.intervals()[r];
    lines.push_back({format_printable("{}", r + 1), decimal(values[kBrier], intervals[kBrier]),
                     decimal(values[kLogLoss], intervals[kLogLoss]),
                     per_cent(values[kCoverage], intervals[kCoverage])});
  }
  return lines;
}

Table label_table(const EvalTable& table) {
  const std::size_t best = table.comparison.best();
  const std::vector<LabelFigures> figures = confusion_of(table.rows[best].judged).figures();
  const auto& intervals = table.comparison.intervals()[best];
  Table lines{{"label", "precision %", "recall %", "F1 %", "texts"}};
  for (std::size_t l = 0; l < table.labels.size(); ++l)
    lines.push_back({printable(table.labels[l], 30),
                     per_cent(figures[l].precision(), intervals[ClassMetrics::precision_at(l)]),
                     per_cent(figures[l].recall(), intervals[ClassMetrics::recall_at(l)]),
                     per_cent(figures[l].f1(), {}), format_printable("{}", figures[l].support)});
  return lines;
}

constexpr std::size_t kMostLabelLines = 30;  // labels with a line each

}  // namespace

Json eval_json(const EvalTable& table) {
  Json rows = Json::array();
  for (std::size_t r = 0; r < table.rows.size(); ++r) rows.push_back(row_json(table, r));
  return {{"rows", std::move(rows)},
          {"best", table.rows[table.comparison.best()].name},
          {"labels", table.labels},
          {"texts", table.rows.front().judged.expected.size()},
          {"risk", table.risk}};
}

Printable eval_text(const EvalTable& table) {
  const std::size_t best = table.comparison.best();
  Printable text = numbered_names(table) + "\n" + format_table(main_table(table)) + "\n" +
                   format_table(probability_table(table)) + "\n";
  text += format_printable("best: row {}, {}\n", best + 1, printable(table.rows[best].name, 300));
  if (table.labels.size() <= kMostLabelLines) text += format_table(label_table(table));
  text +=
      "In brackets: 95 % intervals. p: McNemar's exact test of the accuracy against the\nbest row, adjusted for all "
      "pairs of rows (Holm).\n";
  return text;
}

}  // namespace linnet::app
