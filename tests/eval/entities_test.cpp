#include "linnet/eval/entities.h"

#include <gtest/gtest.h>

#include "tests/eval/fixture_cases.h"

namespace linnet {
namespace {

TEST(Entities, MetricsAreThoseOfSeqeval) {
  for (const Json& row : test::metric_cases("tags")) {
    const EntityMetrics m =
        entity_metrics(test::lists_of<std::string>(row["expected"]), test::lists_of<std::string>(row["predicted"]));
    test::expect_value(m.all.precision(), row["precision"], "precision " + row.dump());
    test::expect_value(m.all.recall(), row["recall"], "recall " + row.dump());
    test::expect_value(m.all.f1(), row["f1"], "f1 " + row.dump());
    test::expect_value(m.macro_f1(), row["macro_f1"], "macro_f1 " + row.dump());
    test::expect_value(m.accuracy, row["accuracy"], "accuracy " + row.dump());
  }
}

TEST(Entities, AnEntityEndsBeforeAnother) {
  const std::vector<Entity> found = entities_of({"B-PER", "B-PER", "I-PER", "I-LOC", "O"});
  EXPECT_EQ(found, (std::vector<Entity>{{"PER", 0, 0}, {"PER", 1, 2}, {"LOC", 3, 3}}));
}

}  // namespace
}  // namespace linnet
