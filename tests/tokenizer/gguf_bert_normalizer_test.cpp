// Expected texts are llama.cpp's (shown by its ids with ggml-vocab-bert-bge.gguf).
#include <gmock/gmock.h>

#include "linnet/tokenizer/normalizer.h"

namespace linnet {
namespace {

std::string normalized(std::string_view text, Origins origins = Origins::kIgnore) {
  AlignedText aligned(text, 0, origins);
  gguf_bert_normalizer()->normalize(aligned);
  EXPECT_EQ(aligned.tracked(), origins == Origins::kTrack);
  return aligned.text();
}

TEST(GgufBertNormalizer, LowersAndSetsPunctuationApart) {
  EXPECT_EQ(normalized("Hello, World"), "hello ,  world");
  EXPECT_EQ(normalized("a+b a~b"), "a + b a ~ b");
  EXPECT_EQ(normalized("a€b"), "a€b");  // a symbol beyond ASCII is part of a word
  EXPECT_EQ(normalized("x中y"), "x 中 y");
  EXPECT_EQ(normalized("a؝b"), "a ؝ b");  // punctuation since Unicode 14
  EXPECT_EQ(normalized(""), "");
}

TEST(GgufBertNormalizer, OfADecompositionTheFirstPartStays) {
  EXPECT_EQ(normalized("Éa"), "ea");
  EXPECT_EQ(normalized("각하"), "ᄀᄒ");  // Hangul loses its vowels
  EXPECT_EQ(normalized("ǅ"), "ǆ");        // a compatibility decomposition does not count
}

TEST(GgufBertNormalizer, EveryMarkAndControlCharacterGoes) {
  EXPECT_EQ(normalized("e\u0301x"), "ex");      // Mn
  EXPECT_EQ(normalized("का"), "क");             // Mc
  EXPECT_EQ(normalized("0\uFE0F\u20E3"), "0");  // Me
  EXPECT_EQ(normalized("\u0301\u0301a"), "a");  // at the beginning, too
  EXPECT_EQ(normalized("a\u200Db\uFFFDc\x01"), "abc");
  EXPECT_EQ(normalized(std::string("a\0b", 3)), "ab");
  EXPECT_EQ(normalized("\u0301"), "");
}

TEST(GgufBertNormalizer, BlanksOfAllKindsAreBlanks) {
  EXPECT_EQ(normalized("a\tb\vc\fd\u0085e\u3000f"), "a b c d e f");
}

TEST(GgufBertNormalizer, KnowsWhereEachPartCameFrom) {
  AlignedText text("\u0301É\u0301!각", 0, Origins::kTrack);
  gguf_bert_normalizer()->normalize(text);
  ASSERT_EQ(text.text(), "e ! ᄀ");
  const auto origin = [&](std::size_t begin, std::size_t end) {
    const Span span = text.origin(begin, end);
    return std::pair(span.begin, span.end);
  };
  EXPECT_EQ(origin(0, 1), std::pair(2U, 4U));
  EXPECT_EQ(origin(2, 3), std::pair(6U, 7U));
  EXPECT_EQ(origin(4, 7), std::pair(7U, 10U));
}

}  // namespace
}  // namespace linnet
