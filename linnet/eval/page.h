// Parts of a self-contained HTML page, light and dark: charts as SVG and tables. No scripts, no external resources.
//
//   write_file("report.html", page("Training", chart("Loss", {{"loss", "#1f6fb4", points}}) + …).text());
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "linnet/base/markup.h"
#include "linnet/eval/confusion.h"

namespace linnet {

struct ChartPoint {
  double x, y;
};
struct ChartCurve {
  std::string name, colour;
  std::vector<ChartPoint> points;
};

struct ChartOptions {
  bool unit_square = false;  // both axes are from 0 to 1, and the height is the width's half
  std::string x_name = {}, y_name = {};
};

// Colours of curves that light and dark pages show well, one after the other.
std::string chart_colour(std::size_t index);
// Empty if no curve has a point. Long curves are thinned.
Html chart(const std::string& title, const std::vector<ChartCurve>& curves, const ChartOptions& options = {});
// Rows are the expected labels; the darker, the larger the fraction of its row. Labels without a name have their
// number.
Html confusion_table(const Confusion& confusion, const std::vector<std::string>& labels);
Html page(const std::string& title, const Html& body);

}  // namespace linnet
