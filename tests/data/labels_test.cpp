#include "linnet/data/labels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "linnet/base/error.h"

namespace linnet {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Rows of JSON whose labels are these.
Dataset labelled(const std::vector<std::string>& labels, const ReadOptions& options = {}) {
  std::string rows;
  for (const std::string& label : labels) rows += "{\"text\":\"a\",\"label\":" + label + "}\n";
  return parse_dataset(rows, "jsonl", "f", options);
}

std::string label_error(const std::vector<std::string>& labels, const ReadOptions& options = {}) {
  try {
    return "fine: " + labelled(labels, options).label_meaning;
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kBadInput);
    return error.what();
  }
}

std::vector<std::int32_t> ids(const Dataset& data) {
  std::vector<std::int32_t> out;
  for (const Example& example : data.examples) out.push_back(example.label);
  return out;
}
std::vector<std::vector<std::int32_t>> lists(const Dataset& data) {
  std::vector<std::vector<std::int32_t>> out;
  for (const Example& example : data.examples) out.push_back(example.labels);
  return out;
}

// A number that is not a label is not an index if names are numbers (stars, years), or if the file has labels that are
// names.
TEST(Labels, ANumberIsAnIdOnlyWhereNoNameIsANumber) {
  EXPECT_EQ(label_error({"1", "0"}, {.label_names = {"1", "2", "3"}}),
            "f:2: the label '0' is none of: 1, 2, 3; correct it");
  EXPECT_THAT(label_error({"0"}, {.label_names = {"1990", "2000"}}), HasSubstr("the label '0' is none of"));
  EXPECT_THAT(label_error({"0"}, {.label_names = {"1.5", "high"}}), HasSubstr("the label '0' is none of"));
  const ReadOptions tones{.label_names = {"negative", "positive"}};
  EXPECT_THAT(ids(labelled({"1", "0"}, tones)), ElementsAre(1, 0));
  EXPECT_EQ(labelled({"1", "0"}, tones).label_meaning, "one of 2 classes per row, given by their ids");
  EXPECT_THAT(label_error({"1", "2"}, tones), HasSubstr("is none of: negative, positive"));
  EXPECT_THAT(label_error({"1", "\"negative\""}, tones), HasSubstr("f:1: the label '1' is none of"));
  ReadOptions named = tones;
  named.label_numbers = LabelNumbers::kNames;
  EXPECT_THAT(label_error({"1"}, named), HasSubstr("f:1: the label '1' is none of"));
}

TEST(Labels, MatchingIsByNameOrById) {
  EXPECT_THAT(match_labels({"b", "a", "x"}, {"a", "b"}), ElementsAre(1, 0, -1));
  EXPECT_THAT(match_labels({"0", "1"}, {"a", "b"}), ElementsAre(0, 1));
  EXPECT_THAT(match_labels({"0", "1"}, {"1", "2", "3"}), ElementsAre(-1, 0));
  EXPECT_THAT(match_labels({"0", "5"}, {"a", "b"}), ElementsAre(-1, -1));
  EXPECT_THAT(match_labels({"good", "bad"}, {"good", "bad", "good"}), ElementsAre(0, 1));
}

// Lists of 0 and 1 of equal length are one flag per label, as in Transformers.
TEST(Labels, ListsOfFlagsHaveALabelPerPosition) {
  for (const auto& rows : std::vector<std::vector<std::string>>{{"[1,0,1,0]", "[0,1,0,1]"},
                                                                {"[1.0,0.0,1.0,0.0]", "[0.0,1.0,0.0,1.0]"},
                                                                {"[true,false,true,false]", "[false,true,false,true]"},
                                                                {"\"[1, 0, 1, 0]\"", "\"[0, 1, 0, 1]\""}}) {
    const Dataset data = labelled(rows);
    EXPECT_EQ(data.label_kind, LabelKind::kMulti) << rows[0];
    EXPECT_THAT(data.label_names, ElementsAre("LABEL_0", "LABEL_1", "LABEL_2", "LABEL_3")) << rows[0];
    EXPECT_THAT(lists(data), ElementsAre(ElementsAre(0, 2), ElementsAre(1, 3))) << rows[0];
    EXPECT_EQ(data.label_meaning, "4 flags per row (multi-label)");
  }
  EXPECT_THAT(labelled({"[1,0]", "[0,1]"}, {.label_names = {"sad", "glad"}}).label_names, ElementsAre("sad", "glad"));
  EXPECT_THAT(label_error({"[1,0]"}, {.label_names = {"a", "b", "c"}}),
              HasSubstr("lists of 2 flags, and there are 3 labels"));
  // Ids and names do not change.
  EXPECT_THAT(lists(labelled({"[0,2]", "[1]", "[]"})), ElementsAre(ElementsAre(0, 2), ElementsAre(1), IsEmpty()));
  EXPECT_THAT(labelled({"[\"b\",\"a\"]", "[\"a\"]"}).label_names, ElementsAre("a", "b"));
  // Anything else is rejected.
  EXPECT_THAT(label_error({"[1,0,1]", "[1,0]"}), HasSubstr("a label list holds a label twice"));
  EXPECT_THAT(label_error({"[1,0,-100]", "[1,1,0]"}), HasSubstr("a label list holds a label twice"));
  EXPECT_THAT(label_error({"[0.3,0.7]"}), HasSubstr("holds fractions"));
}

// 0.0 and 1.0 are classes or numbers: an error asks, it does not guess.
TEST(Labels, WholeNumbersWithAPointAreAskedAbout) {
  EXPECT_THAT(label_error({"0.0", "1.0"}), HasSubstr("label_kind single-label or regression"));
  EXPECT_THAT(label_error({"\"2.0\"", "1"}), HasSubstr("label_kind single-label or regression"));
  const Dataset classes = labelled({"1.0", "0.0", "1"}, {.label_kind = LabelKind::kClass});
  EXPECT_THAT(classes.label_names, ElementsAre("0", "1"));
  EXPECT_THAT(ids(classes), ElementsAre(1, 0, 1));
  EXPECT_EQ(labelled({"1.0", "0.0"}, {.label_kind = LabelKind::kValue}).examples[0].value, 1.0);
  EXPECT_EQ(labelled({"1.0", "0.5"}).label_meaning, "a number per row (regression)");
}

// Names with equal values are ordered by their letters, however many there are.
TEST(Labels, NamesOfOneValueHaveOneOrder) {
  std::vector<std::string> rows, want;
  for (int i = 1; i < 40; ++i) {
    for (const char* form : {"0{}", "{}"}) want.push_back(fmt::format(fmt::runtime(form), i));
    for (const char* form : {"\"{}\"", "\"0{}\""}) rows.push_back(fmt::format(fmt::runtime(form), i));
  }
  EXPECT_EQ(labelled(rows).label_names, want);
}

// A list that is not JSON is not a class.
TEST(Labels, ListsAsPythonPrintsThemAreRefused) {
  for (const char* label : {"\"['a', 'b']\"", "\"['a']\"", "\"[True, False]\"", "\"[1 0 1]\"", "\"[a, b]\""}) {
    EXPECT_THAT(label_error({label}), HasSubstr("looks like a list and is no JSON")) << label;
    EXPECT_THAT(label_error({label}, {.label_kind = LabelKind::kMulti}), HasSubstr("looks like a list")) << label;
  }
  EXPECT_THAT(labelled({"\"[B]\"", "\"(a, b)\""}).label_names, ElementsAre("(a, b)", "[B]"));
}

// Labels that are ambiguous before training are interpreted by the model's classes.
TEST(Labels, DoubtfulLabelsAreClassesForAnswers) {
  const ReadOptions answers{.doubtful_labels = DoubtfulLabels::kAreClasses};
  EXPECT_THAT(labelled({"1.0", "5.0", "3.0"}, answers).label_names, ElementsAre("1", "3", "5"));
  EXPECT_THAT(labelled({"0", "-1", "1"}, answers).label_names, ElementsAre("-1", "0", "1"));
  EXPECT_EQ(labelled({"-1", "-1"}, answers).label_kind, LabelKind::kNone);
  EXPECT_EQ(labelled({"1.0", "0.5"}, answers).label_kind, LabelKind::kValue);
}

// PyTorch's losses ignore -100; -1 marks rows without a label, or is a class.
TEST(Labels, NegativeLabelsAreNotGuessedAt) {
  EXPECT_THAT(ids(labelled({"0", "-100", "1"})), ElementsAre(0, -1, 1));
  EXPECT_THAT(labelled({"0", "-100", "1"}).label_names, ElementsAre("0", "1"));
  EXPECT_THAT(label_error({"0", "-1", "1"}), HasSubstr("the label -1 may be a class"));
  EXPECT_THAT(ids(labelled({"0", "-1", "1"}, {.label_kind = LabelKind::kClass})), ElementsAre(1, 0, 2));
  EXPECT_THAT(ids(labelled({"-1", "1"})), ElementsAre(0, 1));
  EXPECT_EQ(labelled({"-1", "-1"}).label_kind, LabelKind::kNone);
  const Dataset tags = parse_dataset(R"({"tokens":["a","b"],"ner_tags":[3,-100]})", "jsonl", "f");
  EXPECT_THAT(tags.examples[0].tags, ElementsAre(0, -1));
}

TEST(Labels, TextLabelsAreTrimmed) {
  EXPECT_THAT(parse_dataset("text, label\na, pos\nb,pos\n", "csv", "f").label_names, ElementsAre("pos"));
}

// That number of labels is read in linear time; more are rejected.
TEST(Labels, ThereIsALimit) {
  std::string rows = "text,label\n";
  for (int i = 0; i < 60'000; ++i) rows += fmt::format("a,label {}\n", i);
  const Dataset data = parse_dataset(rows, "csv", "f");
  EXPECT_EQ(data.label_names.size(), 60'000u);
  EXPECT_EQ(match_labels(data.label_names, data.label_names).back(), 59'999);
  for (int i = 60'000; i < 70'000; ++i) rows += fmt::format("a,label {}\n", i);
  try {
    parse_dataset(rows, "csv", "f");
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("more than 65536 different values"));
  }
}

}  // namespace
}  // namespace linnet
