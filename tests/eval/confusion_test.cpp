#include "linnet/eval/confusion.h"

#include <gtest/gtest.h>

namespace linnet {
namespace {

TEST(Confusion, CountsExpectedByPredicted) {
  Confusion confusion(3);
  confusion.add(0, 0);
  confusion.add(0, 1);
  confusion.add(2, 1);
  confusion.add(2, -1);
  confusion.add(2, 3);
  EXPECT_EQ(confusion.count(0, 0), 1);
  EXPECT_EQ(confusion.count(0, 1), 1);
  EXPECT_EQ(confusion.count(1, 0), 0);
  EXPECT_EQ(confusion.count(2, 1), 1);
  EXPECT_EQ(confusion.count(2, 3), 2);
  EXPECT_EQ(confusion.total(), 5);
  EXPECT_EQ(confusion.right(), 1);
  EXPECT_EQ(confusion.without_answer(), 2);
  EXPECT_DOUBLE_EQ(confusion.accuracy(), 0.2);
}

TEST(Confusion, OfPredictions) {
  const std::vector<Prediction> predictions{{0, 0, 1, 1}, {1, 0, 0, 1}, {2, 1, 1, 1}};
  const Confusion confusion(2, predictions);
  EXPECT_EQ(confusion.total(), 3);
  EXPECT_EQ(confusion.count(0, 1), 1);
  EXPECT_EQ(confusion.count(1, 1), 1);
}

TEST(Confusion, FiguresOfALabel) {
  Confusion confusion(2);
  for (const auto& [expected, predicted] : {std::pair{0u, 0}, {0u, 0}, {0u, 1}, {1u, 0}, {1u, -1}})
    confusion.add(expected, predicted);
  const auto of = confusion.figures();
  ASSERT_EQ(of.size(), 2u);
  EXPECT_DOUBLE_EQ(of[0].precision(), 2.0 / 3);
  EXPECT_DOUBLE_EQ(of[0].recall(), 2.0 / 3);
  EXPECT_DOUBLE_EQ(of[0].f1(), 2.0 / 3);
  EXPECT_EQ(of[1].support, 2);
  EXPECT_EQ(of[1].predicted, 1);
  EXPECT_DOUBLE_EQ(of[1].f1(), 0);
}

// red: 1 of 2 found, one false positive; green: never expected, predicted once; blue does not occur.
TEST(Confusion, MacroF1IsTheMeanOverLabelsThatOccur) {
  Confusion confusion(3);
  confusion.add(0, 0);
  confusion.add(0, 1);
  EXPECT_NEAR(confusion.macro_f1(), (2.0 / 3.0 + 0.0) / 2, 1e-12);
}

TEST(Confusion, OfNothingIsZero) {
  EXPECT_EQ(Confusion(2).accuracy(), 0);
  EXPECT_EQ(Confusion(2).macro_f1(), 0);
}

}  // namespace
}  // namespace linnet
