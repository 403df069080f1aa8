// Confusion matrix and metrics of a classifier, with scikit-learn's terms and formulas.
//
//   Confusion confusion(2);
//   confusion.add(0, 1);                       // expected label 0, predicted label 1
//   confusion.accuracy(), confusion.macro_f1(), confusion.figures()[0].recall()
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "linnet/eval/prediction.h"

namespace linnet {

// Metrics of one label.
struct LabelFigures {
  std::int64_t hits = 0, support = 0, predicted = 0;  // support: number of rows with this expected label
  double precision() const;                           // 0 if the denominator is 0
  double recall() const;
  double f1() const;
};

class Confusion {
 public:
  explicit Confusion(std::size_t labels, std::span<const Prediction> predictions = {});
  // `predicted` outside the labels: the answer is no label.
  void add(std::size_t expected, std::int64_t predicted);

  std::size_t labels() const { return labels_; }
  // `predicted` may be labels(): answers that are no label.
  std::int64_t count(std::size_t expected, std::size_t predicted) const;
  std::int64_t total() const { return total_; }
  std::int64_t right() const;
  std::int64_t without_answer() const;  // predictions that are no label
  double accuracy() const;
  std::vector<LabelFigures> figures() const;  // one per label
  double macro_f1() const;                    // over the labels that occur, expected or predicted; 0 if none does

 private:
  std::size_t labels_;
  std::int64_t total_ = 0;
  std::map<std::pair<std::size_t, std::size_t>, std::int64_t> counts_;  // most pairs of many labels never occur
};

}  // namespace linnet
