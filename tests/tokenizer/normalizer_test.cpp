#include "linnet/tokenizer/normalizer.h"

#include <gmock/gmock.h>

#include "tests/tokenizer/reference.h"

namespace linnet {
namespace {

using ::testing::HasSubstr;

std::string normalized(const Normalizer& n, std::string_view text, Origins origins) {
  AlignedText aligned(text, 0, origins);
  n.normalize(aligned);
  return aligned.text();
}

TEST(Normalizer, EveryKindIsTheReferences) {
  for (const Json& entry : tokenizer_reference()["normalizers"]) {
    const NormalizerPtr n = make_normalizer(entry["json"], "tokenizer.json");
    for_each_text(entry, [&](const std::string& text, const Json& wanted) {
      EXPECT_EQ(normalized(*n, text, Origins::kTrack), wanted.get<std::string>());
      EXPECT_EQ(normalized(*n, text, Origins::kIgnore), wanted.get<std::string>());  // the path without offsets
    });
  }
}

TEST(Normalizer, WhatIsUnknownOrMalformedIsRefused) {
  const auto refused = [](const char* json) {
    return refusal([&] { make_normalizer(parse_json(json, ""), "tokenizer.json"); });
  };
  EXPECT_THAT(refused(R"({"type": "Magic"})"), HasSubstr("Magic"));
  EXPECT_THAT(refused(R"({"type": "Replace", "pattern": {"Regex": "("}, "content": ""})"), HasSubstr("tokenizer.json"));
  refused(R"({"type": "Replace", "content": ""})");
  refused(R"({"type": "Sequence"})");
  refused(R"({})");
  refused(R"([])");
  EXPECT_EQ(make_normalizer(Json(nullptr), ""), nullptr);
}

TEST(Bytes, StandForCharactersAndBack) {  // GPT-2's table
  EXPECT_EQ(byte_to_code(' '), 0x120U);   // Ġ
  EXPECT_EQ(byte_to_code('\n'), 0x10AU);
  EXPECT_EQ(byte_to_code('a'), static_cast<std::uint32_t>('a'));
  for (int b = 0; b < 256; ++b) EXPECT_EQ(code_to_byte(byte_to_code(static_cast<unsigned char>(b))), b);
  EXPECT_EQ(code_to_byte(' '), -1);
  EXPECT_EQ(code_to_byte(0x1F600), -1);
}

TEST(LowerCase, IsRusts) {
  EXPECT_EQ(to_lower('A').first, static_cast<std::uint32_t>('a'));
  EXPECT_EQ(to_lower(0x130).first, static_cast<std::uint32_t>('i'));  // İ: i and a combining dot
  EXPECT_EQ(to_lower(0x130).second, 0x307U);
  EXPECT_EQ(to_lower(0x1C5).first, 0x1C6U);
  EXPECT_EQ(to_lower(0x4E00).first, 0x4E00U);
}

}  // namespace
}  // namespace linnet
