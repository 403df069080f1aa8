#include "linnet/tokenizer/pretokenizer.h"

#include <gmock/gmock.h>

#include "tests/tokenizer/reference.h"

namespace linnet {
namespace {

using Piece = std::tuple<std::string, std::uint32_t, std::uint32_t>;

TEST(PreTokenizer, EveryKindCutsWhereTheReferenceDoes) {
  for (const Json& entry : tokenizer_reference()["pretokenizers"]) {
    const PreTokenizerPtr p = make_pretokenizer(entry["json"], "tokenizer.json", ByteSpelling::kCharacters);
    for_each_text(entry, [&](const std::string& text, const Json& wanted) {
      PieceList list(AlignedText(text, 0, Origins::kTrack), {0, static_cast<std::uint32_t>(text.size())});
      p->split(list);
      std::vector<Piece> found, expected;
      for (const Span s : list.pieces) {
        const Span origin = list.text.origin(s.begin, s.end);
        found.emplace_back(list.text.view().substr(s.begin, s.end - s.begin), origin.begin, origin.end);
      }
      for (const Json& piece : wanted) expected.emplace_back(piece[0], piece[1], piece[2]);
      EXPECT_EQ(found, expected);
    });
  }
}

TEST(PreTokenizer, BytesMayStayAsTheyAre) {
  const Json byte_level{{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", true}};
  const PreTokenizerPtr p = make_pretokenizer(byte_level, "", ByteSpelling::kAsTheyAre);
  const std::string text = "Für 3 €";
  PieceList list(AlignedText(text, 0, Origins::kTrack), {0, static_cast<std::uint32_t>(text.size())});
  p->split(list);
  std::vector<std::string> pieces;
  for (const Span s : list.pieces) pieces.emplace_back(list.text.view().substr(s.begin, s.end - s.begin));
  EXPECT_THAT(pieces, ::testing::ElementsAre("Für", " 3", " €"));
}

TEST(PreTokenizer, ByteLevelIsSeenAtTheEndOnly) {
  const Json byte_level{{"type", "ByteLevel"}}, digits{{"type", "Digits"}};
  EXPECT_TRUE(ends_in_byte_level(byte_level));
  EXPECT_TRUE(ends_in_byte_level({{"type", "Sequence"}, {"pretokenizers", {digits, byte_level}}}));
  EXPECT_FALSE(ends_in_byte_level({{"type", "Sequence"}, {"pretokenizers", {byte_level, digits}}}));
  EXPECT_FALSE(ends_in_byte_level({{"type", "Sequence"}, {"pretokenizers", {byte_level, byte_level}}}));
  EXPECT_FALSE(ends_in_byte_level(digits));
  EXPECT_FALSE(ends_in_byte_level(Json(nullptr)));
}

TEST(PreTokenizer, WhatIsUnknownOrMalformedIsRefused) {
  const auto refused = [](const char* json) {
    return refusal([&] { make_pretokenizer(parse_json(json, ""), "tokenizer.json", ByteSpelling::kCharacters); });
  };
  EXPECT_THAT(refused(R"({"type": "Magic"})"), ::testing::HasSubstr("Magic"));
  EXPECT_THAT(refused(R"({"type": "Split", "pattern": {"Regex": "["}, "behavior": "Isolated", "invert": false})"),
              ::testing::HasSubstr("tokenizer.json"));
  refused(R"({"type": "Split", "pattern": {"String": " "}, "behavior": "Sideways", "invert": false})");
  refused(R"({"type": "Sequence", "pretokenizers": 5})");
  refused(R"("Whitespace")");
  EXPECT_EQ(make_pretokenizer(Json(nullptr), "", ByteSpelling::kCharacters), nullptr);
}

}  // namespace
}  // namespace linnet
