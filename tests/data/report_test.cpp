#include "linnet/data/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "linnet/base/error.h"

namespace linnet {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

Dataset parse_rows(const std::string& rows) { return parse_dataset("text,label\n" + rows, "csv", "f", {}); }

TEST(DataReport, CountsClassesLengthsAndCutRows) {
  const Dataset train = parse_rows("aa,x\nbbbb,y\ncccccc,x\n");
  const DataReport report = describe(train, nullptr, std::vector<std::int64_t>{2, 4, 9}, 5);
  EXPECT_EQ(report.rows, 3);
  EXPECT_THAT(report.class_rows, ElementsAre(2, 1));
  EXPECT_EQ(report.lengths.shortest, 2);
  EXPECT_EQ(report.lengths.median, 4);
  EXPECT_EQ(report.lengths.longest, 9);
  EXPECT_EQ(report.lengths.mean, 5);
  EXPECT_EQ(report.truncated, 1);
  EXPECT_EQ(report.cut, 4);
  EXPECT_THAT(report.warnings, Contains(HasSubstr("1 rows are longer than 5 and lose 4")));
  EXPECT_EQ(describe(train).lengths.longest, 6);  // characters
}

TEST(DataReport, FindsDuplicatesConflictsAndLeaks) {
  const Dataset train = parse_rows("a,x\nb,y\na,x\na,y\n"), valid = parse_rows("c,x\nb,y\n");
  const DataReport report = describe(train, &valid);
  EXPECT_EQ(report.duplicates, 2);
  EXPECT_EQ(report.conflicting, 1);
  EXPECT_EQ(report.leaked, 1);
  EXPECT_THAT(report.leaked_places, ElementsAre("f:3"));
  EXPECT_THAT(report.warnings, Contains(HasSubstr("1 of 2 validation rows are also in the training data (f:3)")));
  EXPECT_THAT(report.text(), HasSubstr("4 rows, 2 for validation"));
  EXPECT_EQ(report.json().at("leaked"), 1);
}

TEST(DataReport, WarnsOfImbalanceAndEmptyRows) {
  std::string rows = "\"\",y\n";
  for (int i = 0; i < 20; ++i) rows += std::to_string(i) + ",x\n";
  const DataReport report = describe(parse_rows(rows));
  EXPECT_THAT(report.warnings, Contains(HasSubstr("'x' has 20 times the rows of 'y'")));
  EXPECT_THAT(report.warnings, Contains("1 rows have no text"));
  EXPECT_THAT(describe(parse_rows("a,x\n")).warnings, Contains("there is only one class, 'x'"));
}

}  // namespace
}  // namespace linnet
