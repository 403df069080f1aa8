// The progress line fits any width of the terminal.
#include "apps/linnet/progress_line.h"

#include <gtest/gtest.h>

#include "apps/linnet/text_width.h"

namespace linnet::app {
namespace {

ProgressFacts training() {
  ProgressFacts facts;
  facts.label = "training";
  facts.done = "1200";
  facts.total = "10000";
  facts.share = 0.12;
  facts.unit = "steps";
  facts.rate = "3.14/s";
  facts.seconds_left = 2803;
  facts.note = "loss 0.6931, lr 5.00e-05, 4321 tokens/s";
  return facts;
}

// Under 120 columns the line wrapped, and every step printed new lines.
TEST(ProgressLine, NeverWrapsAtAnyWidth) {
  ProgressFacts wide = training();  // also characters of two cells
  wide.label = "重みを書き込み中 model-00001-of-00002.safetensors (1/2)";
  wide.note = "損失 0.5, 学習率 2e-5";
  ProgressFacts unknown = training();
  unknown.total = "";
  for (const ProgressFacts& facts : {training(), wide, unknown})
    for (int columns = 2; columns <= 200; ++columns) {
      const std::string line = progress_line(facts, columns);
      EXPECT_LT(display_width(line), static_cast<std::size_t>(columns)) << columns << ": " << line;
      EXPECT_FALSE(line.empty()) << columns;
    }
}

TEST(ProgressLine, LeavesOutTheNoteThenTheRateThenTheBarThenTheLabel) {
  const auto has = [](int columns, std::string_view part) {
    return progress_line(training(), columns).find(part) != std::string::npos;
  };
  EXPECT_EQ(progress_line(training(), 200),
            "training [##......................]  12 % 1200/10000 steps, 3.14/s, 46 min 43 s left, "
            "loss 0.6931, lr 5.00e-05, 4321 tokens/s");
  EXPECT_TRUE(has(110, "loss 0.6931") && !has(110, "tokens/s"));  // the note loses its last parts first
  EXPECT_TRUE(has(90, "3.14/s") && !has(90, "loss"));
  EXPECT_TRUE(has(80, "46 min") && !has(80, "3.14/s"));
  EXPECT_TRUE(has(64, "[#") && !has(64, "3.14/s"));
  EXPECT_TRUE(has(45, "training") && has(45, "left") && !has(45, "["));
  for (int columns = 20; columns <= 200; ++columns) EXPECT_TRUE(has(columns, "12 %")) << columns;
}

TEST(ProgressLine, ANoteForALogHasTheSameFacts) {
  EXPECT_EQ(progress_note(training()),
            "training: 1200/10000 steps, 3.14/s, about 46 min 43 s left, loss 0.6931, lr 5.00e-05, 4321 tokens/s");
}

TEST(ProgressLine, Durations) {
  EXPECT_EQ(format_duration(0), "0 s");
  EXPECT_EQ(format_duration(59), "59 s");
  EXPECT_EQ(format_duration(61), "1 min 01 s");
  EXPECT_EQ(format_duration(3600 * 30 + 60), "30 h 01 min");
}

TEST(TextWidth, CountsCells) {
  EXPECT_EQ(display_width("abc"), 3u);
  EXPECT_EQ(display_width("漢字"), 4u);
  EXPECT_EQ(display_width("e\xCC\x81"), 1u);  // e and a combining accent
  EXPECT_EQ(cut_to_width("漢字漢字", 6), "漢字…");
  EXPECT_EQ(cut_to_width("abc", 3), "abc");
  EXPECT_EQ(cut_to_width("abcd", 3), "ab…");
  EXPECT_EQ(cut_to_width("abcd", 0), "");
}

}  // namespace
}  // namespace linnet::app
