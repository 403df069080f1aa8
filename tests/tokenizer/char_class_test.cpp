#include "linnet/tokenizer/char_class.h"

#include <gtest/gtest.h>

#include "linnet/base/error.h"

namespace linnet {
namespace {

TEST(CharSet, HoldsRangesAndCombines) {
  CharSet a, b;
  a.insert(60, 200);
  a.erase(100);
  for (const std::uint32_t c : {60U, 99U, 101U, 128U, 200U}) EXPECT_TRUE(a.contains(c)) << c;
  for (const std::uint32_t c : {0U, 59U, 100U, 201U, 0x110000U, 0xFFFFFFFFU}) EXPECT_FALSE(a.contains(c)) << c;
  b.insert(150, 0x10FFFF);
  b.insert(5, 4);  // nothing
  CharSet both = a;
  both &= b;
  EXPECT_TRUE(both.contains(150));
  EXPECT_FALSE(both.contains(149));
  std::vector<std::uint32_t> members;
  both.for_each([&](std::uint32_t code) { members.push_back(code); });
  EXPECT_EQ(members.size(), 51U);
  EXPECT_EQ(members.front(), 150U);
  EXPECT_EQ(members.back(), 200U);
  a |= b;
  EXPECT_TRUE(a.contains(0x10FFFF));
  EXPECT_FALSE(a.contains(5));
  EXPECT_THROW(CharSet::of_property("Klingon"), Error);
}

TEST(CharClasses, AreUnicodes) {
  struct Row {
    std::uint32_t code;
    bool letter, number, blank, word, punctuation, mark;
  };
  for (const Row& r :
       {Row{'a', true, false, false, true, false, false}, Row{0xE9, true, false, false, true, false, false},
        Row{'7', false, true, false, true, false, false}, Row{0xBD, false, true, false, false, false, false},  // ½
        Row{0x2167, false, true, false, true, false, false},  // Ⅷ: alphabetic
        Row{' ', false, false, true, false, false, false}, Row{0xA0, false, false, true, false, false, false},
        Row{0x3000, false, false, true, false, false, false}, Row{0x200B, false, false, false, false, false, false},
        Row{'$', false, false, false, false, true, false}, Row{'_', false, false, false, true, true, false},
        Row{0x3002, false, false, false, false, true, false}, Row{0x301, false, false, false, true, false, true},
        Row{0x200D, false, false, false, true, false, false}, Row{0x4E00, true, false, false, true, false, false}}) {
    EXPECT_EQ(letters().contains(r.code), r.letter) << std::hex << r.code;
    EXPECT_EQ(numbers().contains(r.code), r.number) << std::hex << r.code;
    EXPECT_EQ(white_space().contains(r.code), r.blank) << std::hex << r.code;
    EXPECT_EQ(regex_words().contains(r.code), r.word) << std::hex << r.code;
    EXPECT_EQ(punctuation().contains(r.code), r.punctuation) << std::hex << r.code;
    EXPECT_EQ(nonspacing_marks().contains(r.code), r.mark) << std::hex << r.code;
  }
}

// Hugging Face's tables are Unicode 8 and 9: newer characters are in no class.
TEST(CharClasses, YoungerCharactersAreUnknown) {
  EXPECT_FALSE(punctuation().contains(0x2E4F));         // CORNISH VERSE DIVIDER, Unicode 12
  EXPECT_TRUE(punctuation().contains(0x2E3F));          // CAPITULUM, Unicode 7
  EXPECT_FALSE(assigned_unicode9().contains(0x1F929));  // star-struck, Unicode 10
  EXPECT_TRUE(assigned_unicode9().contains(0x1F923));   // rolling on the floor laughing, Unicode 9
  EXPECT_TRUE(other_characters().contains(0x7));
  EXPECT_TRUE(other_characters().contains(0x200B));
  EXPECT_FALSE(other_characters().contains('a'));
}

TEST(Scripts, GroupCharactersByEquality) {
  EXPECT_EQ(script_group('a'), script_group(0xE9));
  EXPECT_NE(script_group('a'), script_group(0x3B1));      // Greek
  EXPECT_EQ(script_group(0x3042), script_group(0x4E00));  // Hiragana counts as Han
  EXPECT_EQ(script_group(0x30A2), script_group(0x4E00));
  EXPECT_EQ(script_group(0x30FC), script_group(0x4E00));
  EXPECT_EQ(script_group(' '), 0);
  EXPECT_EQ(script_group(0x110000), 0);
}

TEST(Ideographs, AreBerts) {
  EXPECT_TRUE(is_cjk_ideograph(0x4E00));
  EXPECT_TRUE(is_cjk_ideograph(0x2A6DF));
  EXPECT_FALSE(is_cjk_ideograph(0x3042));
  EXPECT_FALSE(is_cjk_ideograph(0xAC00));
}

}  // namespace
}  // namespace linnet
