#include "linnet/tokenizer/aligned_text.h"

#include <gmock/gmock.h>

namespace linnet {

static bool operator==(const Span& a, const Span& b) { return a.begin == b.begin && a.end == b.end; }
static void PrintTo(const Span& s, std::ostream* out) { *out << s.begin << ".." << s.end; }

namespace {

using ::testing::ElementsAre;

std::vector<Span> origins(AlignedText text) {
  std::vector<Span> out;
  text.append_origins(out);
  return out;
}
Span span(std::uint32_t begin, std::uint32_t end) { return {begin, end}; }

TEST(AlignedText, EveryByteComesFromItsCharacter) {
  const AlignedText text("aé", 10, Origins::kTrack);
  EXPECT_EQ(text.origin(0, 1), span(10, 11));
  EXPECT_EQ(text.origin(1, 2), span(11, 13));  // half of the é is the é
  EXPECT_EQ(text.origin(0, 3), span(10, 13));
  EXPECT_THAT(origins(text), ElementsAre(span(10, 11), span(11, 13), span(11, 13)));
}

TEST(AlignedText, ChangesReplaceInsertAndRemove) {
  AlignedText text("abcd", 0, Origins::kTrack);
  // a -> A, insert x behind it, b and c -> é, d stays.
  text.transform(std::vector<Change>{{'A', 0}, {'x', 1}, {0xE9, -1}, {'d', 0}}, 0);
  EXPECT_EQ(text.text(), "Axéd");
  EXPECT_THAT(origins(text), ElementsAre(span(0, 1), span(0, 1), span(1, 2), span(1, 2), span(3, 4)));
}

TEST(AlignedText, TheBeginningMayBeSkipped) {
  AlignedText text("éab", 5, Origins::kTrack);
  text.transform(std::vector<Change>{{'a', 0}, {'b', 0}}, 1);
  EXPECT_EQ(text.text(), "ab");
  EXPECT_THAT(origins(text), ElementsAre(span(7, 8), span(8, 9)));
}

TEST(AlignedText, PartsKeepTheirOrigins) {
  AlignedText text("abcdef", 100, Origins::kTrack);
  EXPECT_THAT(origins(text.slice(2, 4)), ElementsAre(span(102, 103), span(103, 104)));
  text.transform(std::vector<Change>{{'a', 0}, {'-', 1}, {'b', 0}, {'c', 0}, {'d', 0}, {'e', 0}, {'f', 0}}, 0);
  EXPECT_EQ(text.slice(1, 4).text(), "-bc");
  EXPECT_THAT(origins(text.slice(1, 4)), ElementsAre(span(100, 101), span(101, 102), span(102, 103)));
  text.keep(2, 3);
  EXPECT_EQ(text.text(), "b");
  EXPECT_THAT(origins(text), ElementsAre(span(101, 102)));
}

TEST(AlignedText, PrependedCharactersStandForTheFirst) {
  AlignedText text("éa", 3, Origins::kTrack);
  text.prepend("__");
  EXPECT_EQ(text.text(), "__éa");
  EXPECT_THAT(origins(text), ElementsAre(span(3, 5), span(3, 5), span(3, 5), span(3, 5), span(5, 6)));
  AlignedText empty("", 0, Origins::kTrack);
  empty.prepend("_");
  EXPECT_TRUE(empty.empty());
}

TEST(AlignedText, ReplacementsStandForTheLastByteReplaced) {
  AlignedText text("a  b", 0, Origins::kTrack);
  text.replace(std::vector<Span>{{1, 3}}, "▁");
  EXPECT_EQ(text.text(), "a▁b");
  EXPECT_THAT(origins(text), ElementsAre(span(0, 1), span(2, 3), span(2, 3), span(2, 3), span(3, 4)));
}

TEST(AlignedText, WithoutTrackingTheTextIsTheSame) {
  AlignedText text("abcd", 0, Origins::kIgnore);
  text.transform(std::vector<Change>{{'A', 0}, {'x', 1}, {0xE9, -1}, {'d', 0}}, 0);
  text.replace(std::vector<Span>{{0, 1}}, "__");
  text.map_bytes([](char c) { return c == 'x' ? 'y' : c; });
  EXPECT_EQ(text.text(), "__yéd");
  EXPECT_FALSE(text.tracked());
}

}  // namespace
}  // namespace linnet
