#include <gmock/gmock.h>

#include "linnet/tokenizer/normalizer.h"

namespace linnet {
namespace {

std::string run(const SentencePieceOptions& options, std::string_view text) {
  AlignedText t(text, 0, Origins::kTrack);
  sentencepiece_normalizer(options, "test")->normalize(t);
  return t.text();
}

// SentencePiece's normalizer_test.cc without a map.
TEST(SentencePieceNormalizer, BlanksBecomeOneMarkEach) {
  const SentencePieceOptions all;
  EXPECT_EQ(run(all, "I saw a  girl"), "▁I▁saw▁a▁girl");
  EXPECT_EQ(run(all, "   abc   "), "▁abc");
  EXPECT_EQ(run(all, ""), "");
  EXPECT_EQ(run(all, "   "), "");
}

TEST(SentencePieceNormalizer, EveryFlagCanBeOff) {
  EXPECT_EQ(run({.add_dummy_prefix = false}, "a  b "), "a▁b");
  EXPECT_EQ(run({.remove_extra_whitespaces = false}, " a  b "), "▁▁a▁▁b▁");
  EXPECT_EQ(run({.escape_whitespaces = false}, "a  b"), " a b");
  EXPECT_EQ(run({.add_dummy_prefix = false, .remove_extra_whitespaces = false, .escape_whitespaces = false}, " a  b "),
            " a  b ");
}

TEST(SentencePieceNormalizer, OriginsAreTheTextsBytes) {
  AlignedText t("  é  b", 0, Origins::kTrack);
  sentencepiece_normalizer({}, "test")->normalize(t);
  ASSERT_EQ(t.text(), "▁é▁b");
  EXPECT_EQ(t.origin(3, 5).begin, 2U);  // é
  EXPECT_EQ(t.origin(3, 5).end, 4U);
  EXPECT_EQ(t.origin(8, 9).begin, 6U);  // b
}

}  // namespace
}  // namespace linnet
