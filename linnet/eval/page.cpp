#include "linnet/eval/page.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>

namespace linnet {
namespace {

constexpr const char kStyle[] = R"(<style>
:root{color-scheme:light dark}
body{font:15px/1.5 system-ui,sans-serif;max-width:68rem;margin:2rem auto;padding:0 1rem;color:#222;background:#fff}
table{border-collapse:collapse;margin:1rem 0}td,th{border:1px solid #ccc;padding:.25rem .6rem;text-align:left}
td.n{text-align:right;white-space:nowrap}td small{color:#777}tr.best td{font-weight:600}
div.wide{overflow-x:auto;font-size:13px}div.wide td,div.wide th{padding:.2rem .4rem}td.text{overflow-wrap:anywhere}
svg{width:100%;height:auto;background:#fafafa;border:1px solid #ddd}line{stroke:#ddd}
text{font:12px system-ui,sans-serif;fill:#555}.curve{fill:none;stroke-width:1.6}
details{margin:1rem 0}summary{cursor:pointer}
@media (prefers-color-scheme:dark){body{background:#181818;color:#ddd}svg{background:#222;border-color:#444}
text{fill:#aaa}line{stroke:#444}td,th{border-color:#444}td small{color:#999}}
</style>)";
constexpr double kWidth = 900, kLeft = 70, kRight = 20, kTop = 20;
constexpr std::size_t kMostPoints = 1500;

struct Axis {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  void add(double value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
  double share(double value) const { return high > low ? (value - low) / (high - low) : 0.5; }
};

struct Frame {
  Axis x, y;
  double height = 260, bottom = 30;

  double left_of(double value) const { return kLeft + x.share(value) * (kWidth - kLeft - kRight); }
  double top_of(double value) const { return height - bottom - y.share(value) * (height - kTop - bottom); }
};

// At most kMostPoints, each the mean of adjacent ones, so that pages of long runs are small.
std::vector<ChartPoint> thinned(const std::vector<ChartPoint>& points) {
  const std::size_t run = points.size() / kMostPoints + 1;
  std::vector<ChartPoint> few;
  for (std::size_t i = 0; i < points.size(); i += run) {
    const std::size_t n = std::min(run, points.size() - i);
    ChartPoint mean{0, 0};
    for (std::size_t k = i; k < i + n; ++k) mean = {mean.x + points[k].x, mean.y + points[k].y};
    few.push_back({mean.x / static_cast<double>(n), mean.y / static_cast<double>(n)});
  }
  return few;
}

Frame frame_of(const std::vector<ChartCurve>& curves, const ChartOptions& options) {
  Frame frame;
  if (options.unit_square) frame = {.x = {0, 1}, .y = {0, 1}, .height = 450, .bottom = 50};
  if (options.unit_square) return frame;
  for (const ChartCurve& curve : curves)
    for (const ChartPoint& p : curve.points) {
      frame.x.add(p.x);
      frame.y.add(p.y);
    }
  Axis& y = frame.y;
  if (y.low == y.high) y = {y.low - 0.5 * std::abs(y.low) - 1e-9, y.high + 0.5 * std::abs(y.high) + 1e-9};
  return frame;
}

Html axes(const Frame& frame, const ChartOptions& options) {
  Html svg;
  for (int i = 0; i <= 4; ++i) {
    const double x = frame.x.low + i / 4.0 * (frame.x.high - frame.x.low);
    const double y = frame.y.low + i / 4.0 * (frame.y.high - frame.y.low);
    const double level = frame.top_of(y);
    svg += format_markup<Html>("<line x1='{}' x2='{}' y1='{:.1f}' y2='{:.1f}'/>", kLeft, kWidth - kRight, level, level);
    svg += format_markup<Html>("<text x='{}' y='{:.1f}' text-anchor='end'>{:.3g}</text>", kLeft - 6, level + 4, y);
    svg += format_markup<Html>("<text x='{:.1f}' y='{}' text-anchor='middle'>{:.4g}</text>",
                               kLeft + i / 4.0 * (kWidth - kLeft - kRight), frame.height - frame.bottom + 20, x);
  }
  if (!options.x_name.empty())
    svg += format_markup<Html>("<text x='{}' y='{}' text-anchor='middle'>{}</text>", (kLeft + kWidth - kRight) / 2,
                               frame.height - 10, options.x_name);
  if (!options.y_name.empty()) {
    const double middle = (kTop + frame.height - frame.bottom) / 2;
    svg += format_markup<Html>("<text x='18' y='{}' text-anchor='middle' transform='rotate(-90 18 {})'>{}</text>",
                               middle, middle, options.y_name);
  }
  return svg;
}

}  // namespace

std::string chart_colour(std::size_t index) {
  static constexpr const char* kColours[] = {"#2f81d0", "#d9483b", "#2f9a60", "#9b6bc6", "#cf8011", "#17999c"};
  return kColours[index % std::size(kColours)];
}

Html chart(const std::string& title, const std::vector<ChartCurve>& curves, const ChartOptions& options) {
  if (std::ranges::all_of(curves, [](const ChartCurve& curve) { return curve.points.empty(); })) return "";
  const Frame frame = frame_of(curves, options);
  Html svg = format_markup<Html>("<h2>{}</h2><svg viewBox='0 0 {} {}' role='img' aria-label='{}'>", title, kWidth,
                                 frame.height, title);
  svg += axes(frame, options);
  double label_at = kLeft + 10;
  for (const ChartCurve& curve : curves) {
    std::string path;
    for (const ChartPoint& p : thinned(curve.points))
      path += fmt::format("{:.1f},{:.1f} ", frame.left_of(p.x), frame.top_of(p.y));
    svg += format_markup<Html>("<polyline class='curve' stroke='{}' points='{}'/>", curve.colour, path);
    svg += format_markup<Html>("<text x='{}' y='14' style='fill:{}'>{}</text>", label_at, curve.colour, curve.name);
    label_at += 9.0 * static_cast<double>(curve.name.size()) + 30;
  }
  return svg + "</svg>\n";
}

Html confusion_table(const Confusion& confusion, const std::vector<std::string>& labels) {
  const auto name = [&](std::size_t i) { return Html(i < labels.size() ? labels[i] : std::to_string(i)); };
  const std::size_t columns = confusion.labels() + (confusion.without_answer() > 0 ? 1 : 0);
  Html html = "<div class='wide'><table><tr><th>expected \\ predicted</th>";
  for (std::size_t i = 0; i < columns; ++i)
    html += format_markup<Html>("<th>{}</th>", i < confusion.labels() ? name(i) : Html("no label"));
  html += "</tr>\n";
  const std::vector<LabelFigures> figures = confusion.figures();
  for (std::size_t i = 0; i < confusion.labels(); ++i) {
    html += format_markup<Html>("<tr><th>{}</th>", name(i));
    const std::int64_t total = figures[i].support;
    for (std::size_t answer = 0; answer < columns; ++answer) {
      const std::int64_t count = confusion.count(i, answer);
      const double share = total > 0 ? static_cast<double>(count) / static_cast<double>(total) : 0;
      html +=
          format_markup<Html>("<td class='n' style='background:rgba(31,111,180,{:.2f})'>{}</td>", 0.6 * share, count);
    }
    html += "</tr>\n";
  }
  return html + "</table></div>\n";
}

Html page(const std::string& title, const Html& body) {
  return format_markup<Html>(
             "<!doctype html>\n<html lang='en'><head><meta charset='utf-8'><meta name='viewport' "
             "content='width=device-width'><title>{}</title>{}</head><body>\n<h1>{}</h1>\n",
             title, kStyle, title) +
         body + "</body></html>\n";
}

}  // namespace linnet
