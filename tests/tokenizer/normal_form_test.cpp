#include "linnet/tokenizer/normal_form.h"

#include <gtest/gtest.h>

namespace linnet {
namespace {

std::string form(std::string_view text, NormalForm f) {
  AlignedText t(text, 0, Origins::kTrack);
  t.transform(normal_form(t.text(), f), 0);
  return t.text();
}

// Rows of Unicode's NormalizationTest.txt: source, NFC, NFD, NFKC, NFKD.
TEST(NormalForm, RowsOfUnicodesOwnTest) {
  const std::string_view rows[][5] = {
      {"\u1E0A", "\u1E0A", "\u0044\u0307", "\u1E0A", "\u0044\u0307"},
      {"\u1E0A\u0323", "\u1E0C\u0307", "\u0044\u0323\u0307", "\u1E0C\u0307", "\u0044\u0323\u0307"},
      {"\u0044\u0307\u0323", "\u1E0C\u0307", "\u0044\u0323\u0307", "\u1E0C\u0307", "\u0044\u0323\u0307"},
      {"\u00A0", "\u00A0", "\u00A0", "\u0020", "\u0020"},
      {"\u00BD", "\u00BD", "\u00BD", "\u0031\u2044\u0032", "\u0031\u2044\u0032"},
      {"\uFB03", "\uFB03", "\uFB03", "ffi", "ffi"},
      {"\uAC00", "\uAC00", "\u1100\u1161", "\uAC00", "\u1100\u1161"},
      {"\u1100\u1161\u11A8", "\uAC01", "\u1100\u1161\u11A8", "\uAC01", "\u1100\u1161\u11A8"},
      {"\u212B", "\u00C5", "\u0041\u030A", "\u00C5", "\u0041\u030A"},
      {"\u0958", "\u0915\u093C", "\u0915\u093C", "\u0915\u093C", "\u0915\u093C"},  // excluded from composition
      {"\u0061\u0315\u0300\u05AE\u0062", "\u00E0\u05AE\u0315\u0062", "\u0061\u05AE\u0300\u0315\u0062",
       "\u00E0\u05AE\u0315\u0062", "\u0061\u05AE\u0300\u0315\u0062"}};
  for (const auto& row : rows) {
    EXPECT_EQ(form(row[0], NormalForm::kNfc), row[1]);
    EXPECT_EQ(form(row[0], NormalForm::kNfd), row[2]);
    EXPECT_EQ(form(row[0], NormalForm::kNfkc), row[3]);
    EXPECT_EQ(form(row[0], NormalForm::kNfkd), row[4]);
    for (int target = 1; target < 5; ++target) {  // each form is its own form
      const NormalForm f = static_cast<NormalForm>(target - 1);
      EXPECT_EQ(form(form(row[0], f), f), form(row[0], f));
      EXPECT_TRUE(!surely_normal(row[0], f) || form(row[0], f) == row[0]);
    }
  }
}

TEST(NormalForm, PlainTextIsSurelyNormal) {
  for (const NormalForm f : {NormalForm::kNfc, NormalForm::kNfd, NormalForm::kNfkc, NormalForm::kNfkd})
    EXPECT_TRUE(surely_normal("Hello, world 123\n", f));
  EXPECT_FALSE(surely_normal("e\u0301", NormalForm::kNfc));
  EXPECT_FALSE(surely_normal("\u00e9", NormalForm::kNfd));
}

TEST(NormalForm, LongRunsOfMarksAreSortedInTime) {
  std::string marks = "a";
  for (int i = 0; i < 3000; ++i) marks += i % 2 == 0 ? "\u0301" : "\u0323";
  const std::string sorted = form(marks, NormalForm::kNfd);
  EXPECT_EQ(sorted.size(), marks.size());
  EXPECT_EQ(sorted.substr(1, 2), "\u0323");
  EXPECT_EQ(sorted.substr(sorted.size() - 2), "\u0301");
}

}  // namespace
}  // namespace linnet
