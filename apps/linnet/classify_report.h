// How `linnet classify` shows its answers: a line per text, and what they add up to where the right ones are known.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "linnet/base/json.h"
#include "linnet/tasks/classify.h"
#include "output.h"
#include "row_answers.h"

namespace linnet::app {

class ClassifyReport {
 public:
  // `top_k`: labels shown of each text; 0: all.
  ClassifyReport(std::vector<std::string> labels, std::int64_t top_k);

  static std::vector<std::string> columns() { return {"label", "score", "margin", "abstained"}; }
  RowAnswer answer(std::string_view text, const tasks::Classification& answer) const;

  // `expected`: index of the right label, -1 where it is not known.
  void count(const tasks::Classification& answer, std::int32_t expected);
  bool any_expected() const { return labelled_ > 0; }
  Json summary() const;
  // The same for people: accuracy, the figures of every label, the confusion matrix where it fits 60 columns.
  void print_summary() const;

 private:
  struct Figures {
    std::int64_t hits = 0, support = 0, predicted = 0;
    double precision() const;
    double recall() const;
    double f1() const;
  };
  std::vector<Figures> figures() const;                    // of every label
  static double macro_f1(const std::vector<Figures>& of);  // over the labels that occur
  std::int64_t right() const;
  Json json_of(const tasks::Classification& answer) const;
  std::string line_of(std::string_view text, const tasks::Classification& answer) const;
  Printable confusion_table() const;  // empty where it is too wide

  std::vector<std::string> labels_;
  std::size_t shown_;
  std::size_t label_width_ = 5;  // of the first column
  std::int64_t texts_ = 0, abstained_ = 0, labelled_ = 0;
  // Texts by right label and answer; an answer past the labels is none of them. Most pairs of many labels never occur.
  std::map<std::pair<std::size_t, std::size_t>, std::int64_t> confusion_;
  std::int64_t times(std::size_t expected, std::size_t answered) const;
};

}  // namespace linnet::app
