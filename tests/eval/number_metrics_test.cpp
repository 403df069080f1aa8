#include "linnet/eval/number_metrics.h"

#include <gtest/gtest.h>

#include "tests/eval/fixture_cases.h"

namespace linnet {
namespace {

TEST(NumberMetrics, AreThoseOfScikitLearnAndScipy) {
  for (const Json& row : test::metric_cases("numbers")) {
    const auto expected = test::list_of<double>(row["expected"]), predicted = test::list_of<double>(row["predicted"]);
    const NumberMetrics m = number_metrics(expected, predicted);
    test::expect_value(m.mse, row["mse"], "mse");
    test::expect_value(m.mae, row["mae"], "mae");
    test::expect_value(m.r2, row["r2"], "r2 " + row.dump());
    test::expect_value(m.pearson, row["pearson"], "pearson " + row.dump());
    test::expect_value(m.spearman, row["spearman"], "spearman " + row.dump());
  }
}

TEST(NumberMetrics, OfNothingAreUndefined) { EXPECT_TRUE(std::isnan(number_metrics({}, {}).mse)); }

}  // namespace
}  // namespace linnet
