#include "linnet/train/report/html_report.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "linnet/base/error.h"

namespace linnet {
namespace {

struct Point {
  double x, y;
};
struct Curve {
  std::string name, colour;
  std::vector<Point> points;
};

constexpr const char kStyle[] = R"(<style>
body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}
table{border-collapse:collapse;margin:1rem 0}td,th{border:1px solid #ccc;padding:.25rem .6rem;text-align:left}
td.n{text-align:right}svg{width:100%;height:auto;background:#fafafa;border:1px solid #ddd}
text{font:12px system-ui,sans-serif;fill:#555}.curve{fill:none;stroke-width:1.6}
@media (prefers-color-scheme:dark){body{background:#181818;color:#ddd}svg{background:#222}text{fill:#aaa}}
</style>)";
constexpr double kWidth = 900, kHeight = 260, kLeft = 70, kRight = 20, kTop = 20, kBottom = 30;
constexpr std::size_t kMostPoints = 1500;

struct Axis {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  void add(double value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
  double share(double value) const { return high > low ? (value - low) / (high - low) : 0.5; }
};

// At most kMostPoints, each the mean of adjacent ones, so that pages of long runs are small.
std::vector<Point> thinned(const std::vector<Point>& points) {
  const std::size_t run = points.size() / kMostPoints + 1;
  std::vector<Point> few;
  for (std::size_t i = 0; i < points.size(); i += run) {
    const std::size_t n = std::min(run, points.size() - i);
    Point mean{0, 0};
    for (std::size_t k = i; k < i + n; ++k) mean = {mean.x + points[k].x, mean.y + points[k].y};
    few.push_back({mean.x / static_cast<double>(n), mean.y / static_cast<double>(n)});
  }
  return few;
}

Html axis(const Axis& x, const Axis& y) {
  Html svg;
  for (int i = 0; i <= 4; ++i) {
    const double share = i / 4.0, level = kHeight - kBottom - share * (kHeight - kTop - kBottom);
    svg += format_markup<Html>("<line x1='{}' x2='{}' y1='{:.1f}' y2='{:.1f}' stroke='#ddd'/>", kLeft, kWidth - kRight,
                               level, level);
    svg += format_markup<Html>("<text x='{}' y='{:.1f}' text-anchor='end'>{:.3g}</text>", kLeft - 6, level + 4,
                               y.low + share * (y.high - y.low));
    const double at = kLeft + share * (kWidth - kLeft - kRight);
    svg += format_markup<Html>("<text x='{:.1f}' y='{}' text-anchor='middle'>{:.4g}</text>", at, kHeight - 10,
                               x.low + share * (x.high - x.low));
  }
  return svg;
}

Html chart(const std::string& title, const std::vector<Curve>& curves) {
  Axis x, y;
  for (const Curve& curve : curves)
    for (const Point& p : curve.points) {
      x.add(p.x);
      y.add(p.y);
    }
  if (!(x.low <= x.high)) return "";
  if (y.low == y.high) y = {y.low - 0.5 * std::abs(y.low) - 1e-9, y.high + 0.5 * std::abs(y.high) + 1e-9};
  Html svg = format_markup<Html>("<h2>{}</h2><svg viewBox='0 0 {} {}' role='img' aria-label='{}'>", title, kWidth,
                                 kHeight, title);
  svg += axis(x, y);
  double label_at = kLeft + 10;
  for (const Curve& curve : curves) {
    std::string path;
    for (const Point& p : thinned(curve.points))
      path += fmt::format("{:.1f},{:.1f} ", kLeft + x.share(p.x) * (kWidth - kLeft - kRight),
                          kHeight - kBottom - y.share(p.y) * (kHeight - kTop - kBottom));
    svg += format_markup<Html>("<polyline class='curve' stroke='{}' points='{}'/>", curve.colour, path);
    svg += format_markup<Html>("<text x='{}' y='14' style='fill:{}'>{}</text>", label_at, curve.colour, curve.name);
    label_at += 9.0 * static_cast<double>(curve.name.size()) + 30;
  }
  return svg + "</svg>\n";
}

Curve step_curve(const History& history, const char* name, double StepRecord::*value) {
  Curve curve{name, "#1f6fb4", {}};
  for (const StepRecord& record : history.steps)
    if (std::isfinite(record.*value)) curve.points.push_back({static_cast<double>(record.step), record.*value});
  return curve;
}

Curve eval_curve(const History& history, const std::string& metric, const char* colour) {
  Curve curve{metric, colour, {}};
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

Html confusion_table(const ReportInput& input) {
  if (!input.confusion) return "";
  const Confusion& confusion = *input.confusion;
  const auto name = [&](std::size_t i) { return Html(i < input.labels.size() ? input.labels[i] : std::to_string(i)); };
  Html html = heading("Confusion matrix", input) + "<table><tr><th>expected \\ predicted</th>";
  for (std::size_t i = 0; i < confusion.labels(); ++i) html += format_markup<Html>("<th>{}</th>", name(i));
  html += "</tr>\n";
  const std::vector<LabelFigures> figures = confusion.figures();
  for (std::size_t i = 0; i < confusion.labels(); ++i) {
    html += format_markup<Html>("<tr><th>{}</th>", name(i));
    const std::int64_t total = figures[i].support;
    for (std::size_t answer = 0; answer < confusion.labels(); ++answer) {
      const std::int64_t count = confusion.count(i, answer);
      const double share = total > 0 ? static_cast<double>(count) / static_cast<double>(total) : 0;
      html +=
          format_markup<Html>("<td class='n' style='background:rgba(31,111,180,{:.2f})'>{}</td>", 0.6 * share, count);
    }
    html += "</tr>\n";
  }
  return html + "</table>\n";
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
  Html html = format_markup<Html>(
      "<!doctype html>\n<html lang='en'><head><meta "
      "charset='utf-8'><title>{}</title>{}</head><body>\n<h1>{}</h1>\n<table>",
      input.title, kStyle, input.title);
  for (const auto& [name, value] : input.facts)
    html += format_markup<Html>("<tr><th>{}</th><td>{}</td></tr>\n", name, value);
  html += "</table>\n";
  html += chart("Loss", {step_curve(history, "loss", &StepRecord::loss), eval_curve(history, "eval_loss", "#c0392b")});
  html +=
      chart("Validation", {eval_curve(history, "eval_accuracy", "#1f6fb4"), eval_curve(history, "eval_f1", "#c0392b")});
  html += chart("Learning rate", {step_curve(history, "learning rate", &StepRecord::learning_rate)});
  html += chart("Gradient norm", {step_curve(history, "gradient norm", &StepRecord::grad_norm)});
  html += confusion_table(input) + mistakes_table(input);
  return html + "</body></html>\n";
}

}  // namespace linnet
