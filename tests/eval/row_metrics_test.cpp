#include "linnet/eval/row_metrics.h"

#include <gtest/gtest.h>

#include "tests/eval/fixture_cases.h"
#include "tests/scratch.h"

namespace linnet {
namespace {

constexpr std::size_t kResamples = 20;

std::vector<PredictedRow> rows_of(const Json& predictions, const Json& gold) {
  std::vector<PredictedRow> rows;
  for (std::size_t i = 0; i < gold.size(); ++i)
    rows.push_back({predictions[i], gold[i], "rows.jsonl:" + std::to_string(i + 1)});
  return rows;
}

void expect_metrics(const std::vector<PredictedRow>& rows, const std::vector<std::string>& names, const Json& expected,
                    const std::vector<std::string>& keys) {
  const std::vector<RowMetric> found = row_metrics(rows, names, {.resamples = kResamples});
  ASSERT_EQ(found.size(), names.size());
  for (std::size_t m = 0; m < names.size(); ++m) {
    EXPECT_EQ(found[m].name, names[m]);
    test::expect_value(found[m].value, expected.at(keys[m]), names[m]);
  }
}

TEST(RowMetrics, AreThoseOfTheReferences) {
  for (std::size_t i = 0; i < 20; ++i) {
    const Json& number = test::metric_cases("numbers").at(i);
    expect_metrics(rows_of(number["predicted"], number["expected"]), {"spearman", "mse", "r2"}, number,
                   {"spearman", "mse", "r2"});
    const Json& translation = test::metric_cases("translations").at(i);
    expect_metrics(rows_of(translation["predicted"], translation["references"]), {"bleu", "chrf"}, translation,
                   {"bleu", "chrf"});
    const Json& summary = test::metric_cases("summaries").at(i);
    expect_metrics(rows_of(Json::array({summary["predicted"]}), Json::array({summary["references"]})),
                   {"rougeLsum", "rouge1"}, summary, {"rougeLsum", "rouge1"});
    const Json& answer = test::metric_cases("answers").at(i);
    expect_metrics(rows_of(Json::array({answer["predicted"]}), Json::array({answer["answers"]})),
                   {"exact_match", "squad_f1"}, answer, {"exact", "f1"});
    const Json& classes = test::metric_cases("classes").at(i);
    expect_metrics(rows_of(classes["predicted"], classes["expected"]), {"accuracy", "macro_f1", "mcc"}, classes,
                   {"accuracy", "macro_f1", "mcc"});
    const Json& tags = test::metric_cases("tags").at(i);
    expect_metrics(rows_of(tags["predicted"], tags["expected"]), {"seqeval_f1", "seqeval_accuracy"}, tags,
                   {"f1", "accuracy"});
  }
}

TEST(RowMetrics, NumbersMayBeTextsAndLabelsNumbers) {
  const auto found = row_metrics({{"1.5", 1, "a"}, {2, "3", "b"}}, {"mae"}, {.resamples = kResamples});
  EXPECT_DOUBLE_EQ(found.at(0).value, 0.75);
  EXPECT_EQ(row_metrics({{1, "1", "a"}}, {"accuracy"}, {.resamples = kResamples}).at(0).value, 1);
}

TEST(RowMetrics, ValuesOfAnotherKindAreRefusedByRow) {
  const auto error = [](const Json& prediction, const Json& gold, const char* metric) {
    return refusal([&] { row_metrics({{prediction, gold, "rows.jsonl:7"}}, {metric}, {.resamples = kResamples}); });
  };
  EXPECT_NE(error("x", 1, "mse").find("rows.jsonl:7: \"x\" is not a number"), std::string::npos);
  EXPECT_NE(error(0.5, "a", "accuracy").find("is not a label"), std::string::npos);
  EXPECT_NE(error(Json{"O"}, Json{"O", "O"}, "seqeval_f1").find("1 tags are predicted for 2 tokens"),
            std::string::npos);
  EXPECT_NE(error(1, "a", "bleu").find("is not a text"), std::string::npos);
  EXPECT_THROW(row_metrics({}, {"blue"}, {}), Error);
}

}  // namespace
}  // namespace linnet
