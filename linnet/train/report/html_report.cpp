#include "linnet/train/report/html_report.h"

#include <cmath>

#include "linnet/base/error.h"
#include "linnet/eval/page.h"

namespace linnet {
namespace {

ChartCurve step_curve(const History& history, const char* name, double StepRecord::*value) {
  ChartCurve curve{name, "#1f6fb4", {}};
  for (const StepRecord& record : history.steps)
    if (std::isfinite(record.*value)) curve.points.push_back({static_cast<double>(record.step), record.*value});
  return curve;
}

ChartCurve eval_curve(const History& history, const std::string& metric, const char* colour) {
  ChartCurve curve{metric, colour, {}};
  for (const EvalRecord& record : history.evals) {
    const auto found = record.metrics.find(metric);
    if (found != record.metrics.end() && std::isfinite(found->second))
      curve.points.push_back({static_cast<double>(record.step), found->second});
  }
  return curve;
}

Html heading(const char* title, const ReportInput& input) {
  return format_markup<Html>("<h2>{}{}</h2>", title, input.judged.empty() ? "" : " of the " + input.judged);
}

Html confusion_part(const ReportInput& input) {
  if (!input.confusion) return "";
  return heading("Confusion matrix", input) + confusion_table(*input.confusion, input.labels);
}

Html mistakes_table(const ReportInput& input) {
  if (input.mistakes.empty()) return "";
  Html html = heading("Worst mistakes", input) +
              "<table><tr><th>text</th><th>expected</th><th>predicted</th><th>probability</th></tr>\n";
  for (const Mistake& m : input.mistakes)
    html += format_markup<Html>("<tr><td>{}</td><td>{}</td><td>{}</td><td class='n'>{:.3f}</td></tr>\n", m.text,
                                m.expected, m.predicted, m.probability);
  return html + "</table>\n";
}

}  // namespace

Html html_report(const ReportInput& input) {
  LINNET_ASSERT(input.history != nullptr);
  const History& history = *input.history;
  Html html = "<table>";
  for (const auto& [name, value] : input.facts)
    html += format_markup<Html>("<tr><th>{}</th><td>{}</td></tr>\n", name, value);
  html += "</table>\n";
  html += chart("Loss", {step_curve(history, "loss", &StepRecord::loss), eval_curve(history, "eval_loss", "#c0392b")});
  html +=
      chart("Validation", {eval_curve(history, "eval_accuracy", "#1f6fb4"), eval_curve(history, "eval_f1", "#c0392b")});
  html += chart("Learning rate", {step_curve(history, "learning rate", &StepRecord::learning_rate)});
  html += chart("Gradient norm", {step_curve(history, "gradient norm", &StepRecord::grad_norm)});
  html += confusion_part(input) + mistakes_table(input);
  return page(input.title, html);
}

}  // namespace linnet
