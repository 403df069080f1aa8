#include "linnet/tokenizer/text_cutter.h"

#include <gmock/gmock.h>

#include "tests/scratch.h"

namespace linnet {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// One id per letter, [CLS] 0 in front.
Tokenizer letters(const std::filesystem::path& folder, const char* side) {
  put(folder / "tokenizer.json",
      R"({"model": {"type": "WordLevel", "vocab": {"[C]": 0, "a": 1, "b": 2, "c": 3, "d": 4}, "unk_token": "[C]"},
          "pre_tokenizer": {"type": "WhitespaceSplit"},
          "post_processor": {"type": "TemplateProcessing",
            "single": [{"SpecialToken": {"id": "[C]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
            "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {"[C]": {"id": "[C]", "ids": [0], "tokens": ["[C]"]}}}})");
  put(folder / "tokenizer_config.json", std::string(R"({"truncation_side": ")") + side + R"("})");
  return Tokenizer::from_pretrained(folder);
}

// Truncates on the tokenizer's side, keeps special tokens, and prints a note.
TEST(TextCutter, CutsWhereTheConfigurationHasItAndSaysSo) {
  Scratch scratch;
  const Tokenizer right = letters(scratch / "right", "right"), left = letters(scratch / "left", "left");
  TextCutter first(right, 3), last(left, 3);
  EXPECT_THAT(first.encode("a b c d").ids, ElementsAre(0, 1, 2));
  EXPECT_THAT(last.encode("a b c d").ids, ElementsAre(0, 3, 4));
  EXPECT_EQ(last.full_length(), 5);
  EXPECT_THAT(last.encode("a b").ids, ElementsAre(0, 1, 2));
  EXPECT_EQ(last.texts(), 2);
  EXPECT_EQ(last.cut_texts(), 1);
  testing::internal::CaptureStderr();
  last.note_cut();
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              HasSubstr("1 of 2 texts was cut to 3 tokens, the last part is kept"));
}

TEST(TextCutter, NothingIsCutOrSaidWithoutNeed) {
  Scratch scratch;
  const Tokenizer tokenizer = letters(scratch / "t", "right");
  TextCutter any(tokenizer, 0);
  EXPECT_THAT(any.encode("a b c d").ids, ElementsAre(0, 1, 2, 3, 4));
  TextCutter pairs(tokenizer, 3);
  EXPECT_THAT(pairs.encode("a b", "c d", TruncationStrategy::kOnlySecond).ids, ElementsAre(1, 2, 3));
  testing::internal::CaptureStderr();
  any.note_cut();
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST(TextCutter, LettersCanBeLowered) {
  Scratch scratch;
  const Tokenizer tokenizer = letters(scratch / "t", "right");
  TextCutter cutter(tokenizer, 0, {.letters = LetterCase::kLower});
  EXPECT_THAT(cutter.encode("A b").ids, ElementsAre(0, 1, 2));
  EXPECT_THAT(tokenizer.encode_ids("A b"), ElementsAre(0, 0, 2));
}

}  // namespace
}  // namespace linnet
