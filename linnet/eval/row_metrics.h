// Metrics of what any program predicted, from rows of a prediction and what is right (gold), with bootstrap intervals.
//
//   auto metrics = row_metrics({{.prediction = "a cat", .gold = Json{"the cat", "a cat"}}}, {"exact_match", "bleu"},
//   {}); metrics[0].value, metrics[0].interval
//
// A kind of values has its metrics: labels (accuracy, macro_f1, micro_f1, mcc), numbers (mse, mae, r2, pearson,
// spearman), lists of tags (seqeval_precision, seqeval_recall, seqeval_f1, seqeval_accuracy), texts with one or several
// right ones (exact_match, squad_f1, bleu, chrf, rouge1, rouge2, rougeL, rougeLsum).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "linnet/base/json.h"
#include "linnet/eval/bootstrap.h"

namespace linnet {

struct PredictedRow {
  Json prediction, gold;
  std::string place;  // for errors: "file:line"
};

struct RowMetric {
  std::string name;
  double value;  // NaN: undefined
  std::optional<Interval> interval;
};

// Every name, by kind of values.
std::vector<std::string> row_metric_names();
// In the order of `names`. kInvalidArgument for an unknown name; kBadInput naming the row if a value is of another
// kind.
std::vector<RowMetric> row_metrics(const std::vector<PredictedRow>& rows, const std::vector<std::string>& names,
                                   const BootstrapOptions& options);

}  // namespace linnet
