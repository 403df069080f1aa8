#include "linnet/base/utf8.h"

#include <gtest/gtest.h>

namespace linnet {
namespace {

TEST(Utf8, DecodesEveryLengthAndRefusesOverlongSurrogatesAndTooLarge) {
  EXPECT_EQ(utf8::decode("a").code, 0x61u);
  EXPECT_EQ(utf8::decode("é").code, 0xE9u);
  EXPECT_EQ(utf8::decode("€").length, 3u);
  EXPECT_EQ(utf8::decode("😀").code, 0x1F600u);
  for (const char* bad : {"\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\x80", "\xFF"})
    EXPECT_EQ(utf8::decode(bad).code, utf8::kInvalid) << bad;
}

TEST(Utf8, AppendIsTheInverseOfDecode) {
  for (std::uint32_t code = 0; code < 0x110000; code += code < 0x3000 ? 1 : 37) {
    if (code >= 0xD800 && code < 0xE000) continue;
    std::string text;
    utf8::append(text, code);
    EXPECT_EQ(utf8::decode(text).code, code);
    EXPECT_EQ(utf8::decode(text).length, text.size());
  }
}

TEST(Utf8, ReplacesAMaximalSubpartWithOneMark) {
  EXPECT_EQ(utf8::replace_invalid("a\xE2\x82z"), "a\xEF\xBF\xBDz");
  EXPECT_EQ(utf8::replace_invalid("\xFF\xFE"), "\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(Utf8, CompletePrefixHoldsBackHalfACharacter) {
  EXPECT_EQ(utf8::complete_prefix("ab\xE2\x82"), 2u);
  EXPECT_EQ(utf8::complete_prefix("ab€"), 5u);
  EXPECT_EQ(utf8::complete_prefix("ab\xF0\x9F\x98"), 2u);
  EXPECT_EQ(utf8::complete_prefix("ab\xFF"), 3u);
}

}  // namespace
}  // namespace linnet
