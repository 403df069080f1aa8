#include "linnet/eval/class_metrics.h"

#include <gtest/gtest.h>

#include "tests/eval/fixture_cases.h"

namespace linnet {
namespace {

JudgedClasses judged_of(const Json& row) {
  JudgedClasses judged{row["labels"].get<std::size_t>(), test::list_of<std::int32_t>(row["expected"]),
                       test::list_of<std::int32_t>(row["predicted"])};
  for (const Json& thousandths : row["thousandths"]) judged.probabilities.push_back(thousandths.get<double>() / 1000);
  return judged;
}

TEST(ClassMetrics, AreThoseOfScikitLearn) {
  std::size_t number = 0;
  for (const Json& row : test::metric_cases("classes")) {
    const std::string where = "case " + std::to_string(number++) + " ";
    const std::vector<double> values = ClassMetrics(judged_of(row), 0.1).values();
    for (std::size_t m = 0; m < kClassMetrics; ++m) {
      const std::string name(metric_name(static_cast<ClassMetric>(m)));
      test::expect_value(values[m], row.at(name), where + name);
    }
    for (std::size_t l = 0; l < row["labels"].get<std::size_t>(); ++l) {
      test::expect_value(values[ClassMetrics::precision_at(l)], row["precision"][l], where + "precision");
      test::expect_value(values[ClassMetrics::recall_at(l)], row["recall"][l], where + "recall");
    }
  }
  EXPECT_EQ(number, 170U);
}

TEST(ClassMetrics, CountsAreRepeatedRows) {
  const Json& row = test::metric_cases("classes").at(40);
  const JudgedClasses once = judged_of(row);
  JudgedClasses repeated{once.labels};
  std::vector<std::uint32_t> counts;
  for (std::size_t i = 0; i < once.expected.size(); ++i) {
    counts.push_back(static_cast<std::uint32_t>(i % 3));
    for (std::size_t k = 0; k < i % 3; ++k) {
      repeated.expected.push_back(once.expected[i]);
      repeated.predicted.push_back(once.predicted[i]);
      for (std::size_t l = 0; l < once.labels; ++l)
        repeated.probabilities.push_back(once.probabilities[i * once.labels + l]);
    }
  }
  const std::vector<double> by_count = ClassMetrics(once).values(counts), by_row = ClassMetrics(repeated).values();
  ASSERT_EQ(by_count.size(), by_row.size());
  for (std::size_t v = 0; v < by_row.size(); ++v) EXPECT_NEAR(by_count[v], by_row[v], 1e-12) << v;
}

// An answer that is no label is wrong, and is no label's false positive: scikit-learn with a third class for it, and
// averages over the two labels.
TEST(ClassMetrics, AnAnswerThatIsNoLabelIsWrong) {
  const std::vector<double> values = ClassMetrics({2, {0, 0, 1, 1}, {0, -1, 1, 0}}).values();
  EXPECT_DOUBLE_EQ(values[kAccuracy], 0.5);
  EXPECT_DOUBLE_EQ(values[kMicroF1], 2 * 2.0 / (3 + 4));
  EXPECT_DOUBLE_EQ(values[kMacroF1], (0.5 + 2.0 / 3) / 2);
  EXPECT_NEAR(values[kMcc], (2 * 4 - (2 * 2 + 2 * 1)) / std::sqrt((16.0 - 8) * (16.0 - 4 - 1 - 1)), 1e-12);
  EXPECT_TRUE(std::isnan(values[kEce]));
  EXPECT_TRUE(std::isnan(values[kCoverage]));
}

TEST(ClassMetrics, CurvesOfAFewTexts) {
  const ClassMetrics metrics({2, {0, 0, 1, 1}, {0, 1, 1, 1}, {.9, .1, .3, .7, .3, .7, .4, .6}});
  const auto curve = metrics.coverage_curve();
  ASSERT_EQ(curve.size(), 3U) << "texts of equal confidence are one point";
  EXPECT_DOUBLE_EQ(curve[0].coverage, 0.25);
  EXPECT_DOUBLE_EQ(curve[0].risk, 0);
  EXPECT_DOUBLE_EQ(curve[1].coverage, 0.75);
  EXPECT_DOUBLE_EQ(curve[1].risk, 1.0 / 3);
  EXPECT_DOUBLE_EQ(curve[2].risk, 0.25);
  std::int64_t texts = 0;
  for (const CalibrationBin& bin : metrics.calibration_bins()) texts += bin.texts;
  EXPECT_EQ(texts, 4);
  EXPECT_DOUBLE_EQ(metrics.calibration_bins()[10].accuracy, 0.5);
  EXPECT_DOUBLE_EQ(metrics.calibration_bins()[10].confidence, 0.7);
}

TEST(ClassMetrics, OfNothingAreUndefined) {
  for (const double value : ClassMetrics({2}).values()) EXPECT_TRUE(std::isnan(value));
}

}  // namespace
}  // namespace linnet
