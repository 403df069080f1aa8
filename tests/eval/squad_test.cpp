#include "linnet/eval/squad.h"

#include <gtest/gtest.h>

#include "tests/eval/fixture_cases.h"

namespace linnet {
namespace {

TEST(Squad, ScoresAreThoseOfItsRules) {
  for (const Json& row : test::metric_cases("answers")) {
    const SquadScore score =
        squad_score(row["predicted"].get<std::string>(), test::list_of<std::string>(row["answers"]));
    test::expect_value(score.exact, row["exact"], "exact " + row.dump());
    test::expect_value(score.f1, row["f1"], "f1 " + row.dump());
  }
}

TEST(Squad, NormalisesCasePunctuationAndArticles) {
  EXPECT_EQ(squad_normalized(" The  U.S. (an)\tanswer, a-b "), "us answer ab");
  EXPECT_EQ(squad_score("", {}).exact, 1);
  EXPECT_EQ(squad_score("x", {}).f1, 0);
}

}  // namespace
}  // namespace linnet
