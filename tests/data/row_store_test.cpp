#include "linnet/data/row_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "linnet/data/dataset.h"

namespace linnet {
namespace {

using testing::ElementsAre;

Dataset parse_text(const std::string& text, const char* format = "csv") { return parse_dataset(text, format, "f", {}); }

const char* const kLists =
    "{\"text\":\"a\",\"label\":[\"x\",\"y\"]}\n{\"text\":\"b\",\"label\":[]}\n{\"text\":\"c\",\"label\":[\"y\"]}\n";

TEST(Examples, AreMadeOfWhatIsStored) {
  Dataset data = parse_text("text,label\na,x\nb,y\nc,\n");
  EXPECT_EQ(data.examples[1].text, "b");
  EXPECT_EQ(data.examples[1].label, 1);
  EXPECT_EQ(data.examples[2].label, -1);
  EXPECT_EQ(data.examples[1].line, 3);
  EXPECT_EQ(data.examples[1].index, 1);
  EXPECT_EQ(std::count_if(data.examples.begin(), data.examples.end(), [](const Example& e) { return e.label >= 0; }),
            2);
  const CellText text = data.examples[0].text;  // a view of a cell, not of the example
  const Dataset moved = std::move(data);
  EXPECT_EQ(text, "a");
  EXPECT_EQ(moved.examples[2].row.find("text").text, "c");
}

TEST(Examples, LabelsAreRenumberedAsOftenAsAsked) {
  Dataset data = parse_text("text,label\na,x\nb,y\nc,\n");
  data.examples.renumber({2, 0});
  data.examples.renumber({5, 6, 7});
  EXPECT_EQ(data.examples[0].label, 7);
  EXPECT_EQ(data.examples[1].label, 5);
  EXPECT_EQ(data.examples[2].label, -1);
  Dataset lists = parse_text(kLists, "jsonl");
  lists.examples.renumber({1, 0});
  EXPECT_THAT(lists.examples[0].labels, ElementsAre(1, 0));
  Dataset tags = parse_text(R"({"tokens":["a","b","c"],"tags":["N","O",-100]})", "jsonl");
  tags.examples.renumber({3, 4});
  EXPECT_THAT(tags.examples[0].tags, ElementsAre(3, 4, -1));
}

// Removed rows keep everything, and renumbering one part does not affect the other.
TEST(Examples, PartsAreIndependent) {
  Dataset data = parse_text(kLists, "jsonl");
  Examples taken = data.examples.take({true, false, false});
  ASSERT_EQ(taken.size(), 1U);
  ASSERT_EQ(data.examples.size(), 2U);
  taken.renumber({1, 0});
  EXPECT_EQ(taken[0].text, "a");
  EXPECT_THAT(taken[0].labels, ElementsAre(1, 0));
  EXPECT_TRUE(data.examples[0].labels.empty());
  EXPECT_THAT(data.examples[1].labels, ElementsAre(1));
  EXPECT_EQ(data.place(1), "f:3");
  Dataset classes = parse_text("text,label\na,x\nb,y\nc,x\n");
  const Examples first = classes.examples.take({true, true, false});
  EXPECT_EQ(first[1].label, 1);
  EXPECT_EQ(classes.examples[0].label, 0);
}

TEST(Examples, TextsThatNoCellHoldsAloneAndNumbers) {
  Dataset both = parse_text("{\"translation\":{\"en\":\"a \\\"b\\\"\",\"de\":\"\\n\"}}\n", "jsonl");
  const Examples taken = both.examples.take({true});
  EXPECT_EQ(taken[0].text, "a \"b\"");
  EXPECT_EQ(taken[0].target, "\n");
  const Dataset values = parse_text("text,label\na,0.5\nb,\nc, 2 \n");
  EXPECT_EQ(values.examples[0].value, 0.5);
  EXPECT_NE(values.examples[1].value, values.examples[1].value);
  EXPECT_EQ(values.examples[2].value, 2);
}

}  // namespace
}  // namespace linnet
