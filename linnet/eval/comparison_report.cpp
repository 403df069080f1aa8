#include "linnet/eval/comparison_report.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "linnet/base/error.h"
#include "linnet/base/utf8.h"
#include "linnet/eval/page.h"

namespace linnet {
namespace {

constexpr std::size_t kMostTexts = 50;        // in a list
constexpr std::size_t kMostInReport = 50;     // labels of a confusion matrix
constexpr std::size_t kMostCharacters = 400;  // of a text

// "85.2 83.1–87.0", in per cent or as a number.
Html value_cell(double value, const std::optional<Interval>& interval, double scale, int digits) {
  if (!std::isfinite(value)) return "<td class='n'>–</td>";
  Html cell = format_markup<Html>("<td class='n'>{:.{}f}", scale * value, digits);
  if (interval)
    cell += format_markup<Html>("<br><small>{:.{}f}–{:.{}f}</small>", scale * interval->low, digits,
                                scale * interval->high, digits);
  return cell + "</td>";
}

std::string cut_text(const std::string& text) {
  std::string_view rest = text;
  for (std::size_t i = 0; i < kMostCharacters && !rest.empty(); ++i) rest.remove_prefix(utf8::decode(rest).length);
  return rest.empty() ? text : text.substr(0, text.size() - rest.size()) + " …";
}

class Report {
 public:
  explicit Report(const ComparisonReportInput& input) : input_(input), comparison_(*input.comparison) {}

  Html body() const {
    Html html = "<table>";
    for (const auto& [name, value] : input_.facts)
      html += format_markup<Html>("<tr><th>{}</th><td>{}</td></tr>\n", name, value);
    html += "</table>\n" + table() + label_table();
    html += chart("Reliability: accuracy by confidence", reliability_curves(),
                  {.unit_square = true, .x_name = "confidence", .y_name = "accuracy"});
    html += chart("Wrong answers by coverage", coverage_curves(),
                  {.unit_square = true,
                   .x_name = "fraction of the texts, most confident first",
                   .y_name = "fraction of wrong answers"});
    html += confusions() + mistakes();
    for (std::size_t s = 0; s < systems().size(); ++s)
      if (s != comparison_.best()) html += differences(comparison_.best(), s);
    return html;
  }

 private:
  const std::vector<ComparedSystem>& systems() const { return comparison_.systems(); }
  const JudgedClasses& judged(std::size_t system) const { return systems()[system].metrics.judged(); }
  std::string label(std::int32_t id) const { return id < 0 ? "no label" : input_.labels[static_cast<std::size_t>(id)]; }

  Html table() const {
    Html html = format_markup<Html>(
        "<h2>Table</h2><div class='wide'><table><tr><th></th><th>system</th><th>accuracy %</th><th>macro-F1 %</th>"
        "<th>micro-F1 %</th><th>MCC</th><th>ECE</th><th>Brier</th><th>log loss</th><th>covered at {:g} % wrong</th>"
        "<th>p</th><th>texts/s</th><th>peak memory</th></tr>\n",
        100 * input_.risk);
    for (std::size_t s = 0; s < systems().size(); ++s) {
      const std::vector<double>& values = comparison_.values()[s];
      const auto& intervals = comparison_.intervals()[s];
      const auto cell = [&](ClassMetric m, double scale, int digits) {
        return value_cell(values[m], intervals[m], scale, digits);
      };
      const bool best = s == comparison_.best();
      html += format_markup<Html>("<tr{}><td class='n'>{}</td><td>{}</td>", best ? Html(" class='best'") : Html(""),
                                  s + 1, systems()[s].name);
      html += cell(kAccuracy, 100, 1) + cell(kMacroF1, 100, 1) + cell(kMicroF1, 100, 1) + cell(kMcc, 1, 3);
      html += cell(kEce, 1, 3) + cell(kBrier, 1, 3) + cell(kLogLoss, 1, 3) + cell(kCoverage, 100, 1);
      html += format_markup<Html>("<td class='n'>{}</td>", p_text(s));
      for (const std::string& measured : input_.measured[s])
        html += format_markup<Html>("<td class='n'>{}</td>", measured);
      html += "</tr>\n";
    }
    return html +
           "</table></div><p>Below each figure: its 95 % interval (accuracy: Wilson; others: bootstrap, BCa). p: "
           "McNemar's "
           "exact test of the accuracy against the best row, adjusted for all pairs of rows (Holm). It shows whether "
           "rows differ on texts like these, not whether one is better for other texts.</p>\n";
  }

  std::string p_text(std::size_t system) const {
    const double p = comparison_.p_vs_best()[system];
    if (system == comparison_.best()) return "best";
    return p < 0.001 ? "<0.001" : fmt::format("{:.3f}", p);
  }

  Html label_table() const {
    if (input_.labels.size() > kMostInReport) return "";
    Html html = "<h2>Labels</h2><div class='wide'><table><tr><th>label</th><th>texts</th>";
    for (std::size_t s = 0; s < systems().size(); ++s)
      html += format_markup<Html>("<th>{}: precision %</th><th>{}: recall %</th>", s + 1, s + 1);
    html += "</tr>\n";
    for (std::size_t l = 0; l < input_.labels.size(); ++l) {
      const auto texts = std::ranges::count(judged(0).expected, static_cast<std::int32_t>(l));
      html += format_markup<Html>("<tr><th>{}</th><td class='n'>{}</td>", input_.labels[l], texts);
      for (std::size_t s = 0; s < systems().size(); ++s)
        for (const std::size_t at : {ClassMetrics::precision_at(l), ClassMetrics::recall_at(l)})
          html += value_cell(comparison_.values()[s][at], comparison_.intervals()[s][at], 100, 1);
      html += "</tr>\n";
    }
    return html + "</table></div>\n";
  }

  std::string row_name(std::size_t system) const { return fmt::format("row {}", system + 1); }

  std::vector<ChartCurve> reliability_curves() const {
    std::vector<ChartCurve> curves{{"perfect", "#888888", {}}};
    for (std::size_t s = 0; s < systems().size(); ++s) {
      ChartCurve curve{row_name(s), chart_colour(s), {}};
      for (const CalibrationBin& bin : systems()[s].metrics.calibration_bins())
        if (bin.texts > 0) curve.points.push_back({bin.confidence, bin.accuracy});
      if (!judged(s).probabilities.empty()) curves.push_back(std::move(curve));
    }
    if (curves.size() > 1) curves.front().points = {{0, 0}, {1, 1}};
    return curves;
  }

  std::vector<ChartCurve> coverage_curves() const {
    std::vector<ChartCurve> curves;
    for (std::size_t s = 0; s < systems().size(); ++s) {
      ChartCurve& curve = curves.emplace_back(ChartCurve{row_name(s), chart_colour(s), {}});
      for (const CoveragePoint& point : systems()[s].metrics.coverage_curve())
        curve.points.push_back({point.coverage, point.risk});
    }
    return curves;
  }

  Html confusions() const {
    if (input_.labels.size() > kMostInReport) return "";
    Html html = "<h2>Confusion matrices</h2>";
    for (std::size_t s = 0; s < systems().size(); ++s) {
      Confusion confusion(input_.labels.size());
      for (std::size_t i = 0; i < judged(s).expected.size(); ++i)
        confusion.add(static_cast<std::size_t>(judged(s).expected[i]), judged(s).predicted[i]);
      html +=
          format_markup<Html>("<h3>{}: {}</h3>", s + 1, systems()[s].name) + confusion_table(confusion, input_.labels);
    }
    return html;
  }

  Html mistakes() const {
    const std::size_t best = comparison_.best();
    const JudgedClasses& of = judged(best);
    std::vector<std::size_t> wrong;
    for (std::size_t i = 0; i < of.expected.size(); ++i)
      if (!of.right(i)) wrong.push_back(i);
    if (wrong.empty()) return "";
    const auto confidence = [&](std::size_t i) {
      const double value = of.confidence(i);
      return std::isfinite(value) ? value : 0;
    };
    std::stable_sort(wrong.begin(), wrong.end(),
                     [&](std::size_t a, std::size_t b) { return confidence(a) > confidence(b); });
    Html html = format_markup<Html>(
        "<h2>Worst mistakes of row {}</h2><p>{} of {} texts are wrong; the most confident ones:</p><table>"
        "<tr><th>text</th><th>expected</th><th>predicted</th><th>confidence</th></tr>\n",
        best + 1, wrong.size(), of.expected.size());
    wrong.resize(std::min(wrong.size(), kMostTexts));
    for (const std::size_t i : wrong)
      html +=
          format_markup<Html>("<tr><td class='text'>{}</td><td>{}</td><td>{}</td><td class='n'>{:.3f}</td></tr>\n",
                              cut_text(input_.text(i)), label(of.expected[i]), label(of.predicted[i]), confidence(i));
    return html + "</table>\n";
  }

  Html differences(std::size_t a, std::size_t b) const {
    const Discordant count = discordant(judged(a), judged(b));
    Html html = format_markup<Html>(
        "<details><summary>Row {} and row {}: {} texts that only row {} has right, {} that only row {} has</summary>"
        "<table><tr><th>text</th><th>expected</th><th>row {}</th><th>row {}</th></tr>\n",
        a + 1, b + 1, count.only_first, a + 1, count.only_second, b + 1, a + 1, b + 1);
    for (const bool first : {true, false}) {
      std::size_t shown = 0;
      for (std::size_t i = 0; i < judged(a).expected.size() && shown < kMostTexts; ++i) {
        if (judged(a).right(i) == judged(b).right(i) || judged(a).right(i) != first) continue;
        ++shown;
        html += format_markup<Html>("<tr><td class='text'>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
                                    cut_text(input_.text(i)), label(judged(a).expected[i]),
                                    label(judged(a).predicted[i]), label(judged(b).predicted[i]));
      }
    }
    return html + "</table></details>\n";
  }

  const ComparisonReportInput& input_;
  const Comparison& comparison_;
};

}  // namespace

Html comparison_report(const ComparisonReportInput& input) {
  LINNET_ASSERT(input.comparison != nullptr && input.text &&
                input.measured.size() == input.comparison->systems().size());
  return page(input.title, Report(input).body());
}

}  // namespace linnet
