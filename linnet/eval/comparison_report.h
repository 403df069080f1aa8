// A page about a comparison of classifiers: table, confusion matrices, reliability diagram, coverage-risk curve, worst
// mistakes, and the texts that two systems judge differently.
//
//   write_file("report.html", comparison_report({.title = "reviews.csv", .comparison = &comparison, …}).text());
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "linnet/base/markup.h"
#include "linnet/eval/comparison.h"

namespace linnet {

struct ComparisonReportInput {
  std::string title;
  const Comparison* comparison = nullptr;
  std::vector<std::string> labels = {};
  std::vector<std::pair<std::string, std::string>> facts = {};  // the table at the top: name, value
  std::vector<std::vector<std::string>> measured = {};          // of each system: texts a second, peak memory
  double risk = 0.05;
  std::function<std::string(std::size_t)> text = {};  // of a judged row
};

Html comparison_report(const ComparisonReportInput& input);

}  // namespace linnet
