#include "linnet/eval/rouge.h"

#include <gtest/gtest.h>

#include "tests/eval/fixture_cases.h"

namespace linnet {
namespace {

TEST(Rouge, ScoresAreThoseOfRougeScore) {
  for (const Json& row : test::metric_cases("summaries")) {
    const RougeScores r =
        rouge_scores(row["predicted"].get<std::string>(), test::list_of<std::string>(row["references"]));
    test::expect_value(r.rouge1, row["rouge1"], "rouge1 " + row.dump());
    test::expect_value(r.rouge2, row["rouge2"], "rouge2 " + row.dump());
    test::expect_value(r.rouge_l, row["rougeL"], "rougeL " + row.dump());
    test::expect_value(r.rouge_lsum, row["rougeLsum"], "rougeLsum " + row.dump());
  }
}

}  // namespace
}  // namespace linnet
