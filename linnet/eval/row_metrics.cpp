#include "linnet/eval/row_metrics.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <map>

#include "linnet/base/error.h"
#include "linnet/eval/bleu.h"
#include "linnet/eval/class_metrics.h"
#include "linnet/eval/entities.h"
#include "linnet/eval/number_metrics.h"
#include "linnet/eval/rouge.h"
#include "linnet/eval/squad.h"

namespace linnet {
namespace {

using Rows = std::vector<PredictedRow>;
using Counts = std::span<const std::uint32_t>;

[[noreturn]] void refuse(const PredictedRow& row, const Json& value, const char* wanted) {
  fail(ErrorKind::kBadInput, "{}: {} is not {}", row.place, printable(dump_json(value), 60), wanted);
}

// A label is a text, a whole number or a truth value; a CSV has the same as text.
std::string label_of(const PredictedRow& row, const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_integer() || value.is_boolean()) return dump_json(value);
  refuse(row, value, "a label");
}

double number_of(const PredictedRow& row, const Json& value) {
  if (value.is_number()) return value.get<double>();
  if (!value.is_string()) refuse(row, value, "a number");
  const std::string& text = value.get_ref<const std::string&>();
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(number))
    refuse(row, value, "a number");
  return number;
}

std::vector<std::string> texts_of(const PredictedRow& row, const Json& value, const char* wanted) {
  if (value.is_string()) return {value.get<std::string>()};
  std::vector<std::string> texts;
  if (!value.is_array()) refuse(row, value, wanted);
  for (const Json& text : value) {
    if (!text.is_string()) refuse(row, value, wanted);
    texts.push_back(text.get<std::string>());
  }
  return texts;
}

// Values of all metrics of a kind, as a function of how often each row is in the set.
Statistic label_statistic(const Rows& rows) {
  std::map<std::string, std::int32_t> ids;
  for (const PredictedRow& row : rows) {
    ids.emplace(label_of(row, row.gold), 0);
    ids.emplace(label_of(row, row.prediction), 0);
  }
  std::int32_t next = 0;
  for (auto& [label, id] : ids) id = next++;
  JudgedClasses judged{ids.size()};
  for (const PredictedRow& row : rows) {
    judged.expected.push_back(ids.at(label_of(row, row.gold)));
    judged.predicted.push_back(ids.at(label_of(row, row.prediction)));
  }
  return [metrics = ClassMetrics(std::move(judged))](Counts counts) {
    std::vector<double> values = metrics.values(counts);
    values.resize(kMcc + 1);
    return values;
  };
}

Statistic number_statistic(const Rows& rows) {
  std::vector<double> expected, predicted;
  for (const PredictedRow& row : rows) {
    expected.push_back(number_of(row, row.gold));
    predicted.push_back(number_of(row, row.prediction));
  }
  return [expected = std::move(expected), predicted = std::move(predicted)](Counts counts) {
    std::vector<double> a, b;
    for (std::size_t i = 0; i < counts.size(); ++i) {
      a.insert(a.end(), counts[i], expected[i]);
      b.insert(b.end(), counts[i], predicted[i]);
    }
    const NumberMetrics m = number_metrics(a, b);
    return std::vector<double>{m.mse, m.mae, m.r2, m.pearson, m.spearman};
  };
}

Statistic tag_statistic(const Rows& rows) {
  struct Row {
    EntityCounts entities;
    double tokens, right;
  };
  std::vector<Row> each;
  for (const PredictedRow& row : rows) {
    if (!row.gold.is_array()) refuse(row, row.gold, "a list of tags");
    if (!row.prediction.is_array()) refuse(row, row.prediction, "a list of tags");
    const std::vector<std::string> expected = texts_of(row, row.gold, "a list of tags");
    const std::vector<std::string> predicted = texts_of(row, row.prediction, "a list of tags");
    check(expected.size() == predicted.size(), ErrorKind::kBadInput, "{}: {} tags are predicted for {} tokens",
          row.place, predicted.size(), expected.size());
    const EntityMetrics m = entity_metrics({expected}, {predicted});
    const auto tokens = static_cast<double>(expected.size());
    each.push_back({m.all, tokens, std::round(m.accuracy * tokens)});
  }
  return [each = std::move(each)](Counts counts) {
    EntityCounts all;
    double tokens = 0, right = 0;
    for (std::size_t i = 0; i < counts.size(); ++i) {
      all.hits += counts[i] * each[i].entities.hits;
      all.expected += counts[i] * each[i].entities.expected;
      all.predicted += counts[i] * each[i].entities.predicted;
      tokens += counts[i] * each[i].tokens;
      right += counts[i] * each[i].right;
    }
    return std::vector<double>{all.precision(), all.recall(), all.f1(), tokens > 0 ? right / tokens : 0};
  };
}

Statistic text_statistic(const Rows& rows) {
  struct Row {
    std::array<double, 6> means;  // exact match, F1, ROUGE
    BleuCounts bleu;
    ChrfCounts chrf;
  };
  std::vector<Row> each;
  for (const PredictedRow& row : rows) {
    if (!row.prediction.is_string()) refuse(row, row.prediction, "a text");
    std::vector<std::string> gold = texts_of(row, row.gold, "a text or a list of texts");
    if (gold.empty()) gold.emplace_back();  // a question without an answer
    const auto& said = row.prediction.get_ref<const std::string&>();
    const SquadScore squad = squad_score(said, gold);
    const RougeScores rouge = rouge_scores(said, gold);
    each.push_back({{squad.exact, squad.f1, rouge.rouge1, rouge.rouge2, rouge.rouge_l, rouge.rouge_lsum},
                    bleu_counts(said, gold),
                    chrf_counts(said, gold)});
  }
  return [each = std::move(each)](Counts counts) {
    std::vector<double> values(6, 0.0);
    BleuCounts bleu;
    ChrfCounts chrf;
    double all = 0;
    for (std::size_t i = 0; i < counts.size(); ++i) {
      const double count = counts[i];
      all += count;
      for (std::size_t v = 0; v < values.size(); ++v) values[v] += count * each[i].means[v];
      bleu.add(each[i].bleu, count);
      chrf.add(each[i].chrf, count);
    }
    for (double& value : values) value /= all;
    values.insert(values.end(), {bleu.score(), chrf.score()});
    return values;
  };
}

struct Kind {
  std::vector<std::string> names;  // in the order of the statistic's values
  Statistic (*statistic)(const Rows&);
};

const std::vector<Kind>& kinds() {
  static const std::vector<Kind> all{
      {{"accuracy", "macro_f1", "micro_f1", "mcc"}, label_statistic},
      {{"mse", "mae", "r2", "pearson", "spearman"}, number_statistic},
      {{"seqeval_precision", "seqeval_recall", "seqeval_f1", "seqeval_accuracy"}, tag_statistic},
      {{"exact_match", "squad_f1", "rouge1", "rouge2", "rougeL", "rougeLsum", "bleu", "chrf"}, text_statistic},
  };
  return all;
}

}  // namespace

std::vector<std::string> row_metric_names() {
  std::vector<std::string> names;
  for (const Kind& kind : kinds()) names.insert(names.end(), kind.names.begin(), kind.names.end());
  return names;
}

std::vector<RowMetric> row_metrics(const std::vector<PredictedRow>& rows, const std::vector<std::string>& names,
                                   const BootstrapOptions& options) {
  const std::vector<std::string> known = row_metric_names();
  for (const std::string& name : names)
    check_option(std::ranges::find(known, name) != known.end(), "metric", "'{}' is not one of {}", name,
                 fmt::join(known, ", "));
  std::map<std::string, RowMetric> found;
  for (const Kind& kind : kinds()) {
    const bool asked = std::ranges::any_of(
        names, [&](const std::string& name) { return std::ranges::find(kind.names, name) != kind.names.end(); });
    if (!asked || rows.empty()) continue;
    const Statistic statistic = kind.statistic(rows);
    const std::vector<double> values = statistic(std::vector<std::uint32_t>(rows.size(), 1));
    auto intervals = bootstrap_intervals(rows.size(), options, statistic);
    for (std::size_t v = 0; v < values.size(); ++v) found[kind.names[v]] = {kind.names[v], values[v], intervals[v]};
    if (const auto accuracy = found.find("accuracy"); accuracy != found.end())
      accuracy->second.interval =
          wilson_interval(accuracy->second.value, static_cast<double>(rows.size()), options.level);
  }
  std::vector<RowMetric> metrics;
  for (const std::string& name : names) {
    const auto at = found.find(name);
    metrics.push_back(at == found.end() ? RowMetric{name, std::nan(""), {}} : at->second);
  }
  return metrics;
}

}  // namespace linnet
