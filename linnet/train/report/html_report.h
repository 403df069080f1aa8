// report.html: a self-contained page with curves of loss, metrics and learning rate, the confusion matrix and the
// largest mistakes. No scripts, no external resources.
//
//   write_file(out / "report.html", html_report({.title = "sentiment", .history = &history}).text());
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "linnet/base/markup.h"
#include "linnet/eval/confusion.h"
#include "linnet/train/report/history.h"

namespace linnet {

struct Mistake {
  std::string text, expected, predicted;
  double probability = 0;  // of the predicted label
};

struct ReportInput {
  std::string title;
  const History* history = nullptr;
  std::vector<std::pair<std::string, std::string>> facts = {};  // the table at the top: name, value
  std::vector<std::string> labels = {};
  std::string judged = {};  // rows of the two below: "validation rows"
  std::optional<Confusion> confusion = {};
  std::vector<Mistake> mistakes = {};  // largest first
};

Html html_report(const ReportInput& input);

}  // namespace linnet
