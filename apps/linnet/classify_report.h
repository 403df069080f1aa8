// The output of `linnet classify`: a line per text, and metrics if the expected labels are known.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "linnet/base/json.h"
#include "linnet/eval/confusion.h"
#include "linnet/tasks/classify.h"
#include "output.h"
#include "row_answers.h"

namespace linnet::app {

class ClassifyReport {
 public:
  // `top_k`: printed labels per text; 0: all.
  ClassifyReport(std::vector<std::string> labels, std::int64_t top_k);

  static std::vector<std::string> columns() { return {"label", "score", "margin", "abstained"}; }
  RowAnswer answer(std::string_view text, const tasks::Classification& answer) const;

  // `expected`: index of the expected label, or -1.
  void count(const tasks::Classification& answer, std::int32_t expected);
  bool any_expected() const { return confusion_.total() > 0; }
  Json summary() const;
  // The same as a table: accuracy, metrics of every label, the confusion matrix if it fits 60 columns.
  void print_summary() const;

 private:
  std::string line_of(std::string_view text, const tasks::Classification& answer) const;
  Printable confusion_table() const;  // empty if it is too wide

  std::vector<std::string> labels_;
  std::size_t shown_;
  std::size_t label_width_ = 5;  // of the first column
  std::int64_t texts_ = 0, abstained_ = 0;
  Confusion confusion_;  // of texts with an expected label
};

}  // namespace linnet::app
