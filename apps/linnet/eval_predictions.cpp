#include "eval_predictions.h"

#include <cmath>

#include "linnet/base/error.h"
#include "linnet/data/dataset.h"
#include "linnet/eval/row_metrics.h"
#include "output.h"

namespace linnet::app {

namespace {

// The rows of a file that has this column, whatever its values are.
Dataset read_column(const std::string& file, const char* column) {
  return read_dataset(
      file, {.text_column = column, .one_text = true, .labels = Labels::kIgnored, .faulty_rows = FaultyRows::kKept});
}

Json column_of(const Dataset& data, std::size_t row, const char* column) {
  const Json columns = data.examples.record(row).json();
  check(columns.is_object() && columns.contains(column), ErrorKind::kBadInput, "{}: has no '{}'", data.place(row),
        column);
  return columns[column];
}

std::vector<PredictedRow> read_predictions(const EvalArguments& a) {
  const Dataset predictions = read_column(a.predictions, "prediction");
  const Dataset gold = a.gold.empty() ? predictions : read_column(a.gold, "gold");
  check(gold.examples.size() == predictions.examples.size(), ErrorKind::kBadInput,
        "{} has {} rows and {} has {}; they must be the same rows in the same order", predictions.file,
        predictions.examples.size(), gold.file, gold.examples.size());
  std::vector<PredictedRow> rows;
  for (std::size_t i = 0; i < predictions.examples.size(); ++i)
    rows.push_back({column_of(predictions, i, "prediction"), column_of(gold, i, "gold"), predictions.place(i)});
  check(!rows.empty(), ErrorKind::kBadInput, "{}: has no rows to judge", predictions.file);
  return rows;
}

Json metrics_json(const std::vector<RowMetric>& metrics, std::size_t rows) {
  Json values = Json::object(), intervals = Json::object();
  for (const RowMetric& metric : metrics) {
    values[metric.name] = std::isfinite(metric.value) ? Json(metric.value) : Json();
    intervals[metric.name] = metric.interval ? Json{metric.interval->low, metric.interval->high} : Json();
  }
  return {{"rows", rows}, {"metrics", std::move(values)}, {"intervals", std::move(intervals)}};
}

}  // namespace

void judge_predictions(const EvalArguments& a) {
  const std::vector<PredictedRow> rows = read_predictions(a);
  const std::vector<RowMetric> metrics =
      row_metrics(rows, a.metrics, {.resamples = static_cast<std::size_t>(a.bootstrap), .seed = a.classify.model.seed});
  if (a.json) return print_json(metrics_json(metrics, rows.size()));
  Table table{{"metric", "value", "95 % interval"}};
  for (const RowMetric& m : metrics)
    table.push_back(
        {printable(m.name), std::isfinite(m.value) ? format_printable("{:.4f}", m.value) : Printable("-"),
         m.interval ? format_printable("{:.4f} – {:.4f}", m.interval->low, m.interval->high) : Printable("-")});
  print_result(format_table(table).text());
}

}  // namespace linnet::app
