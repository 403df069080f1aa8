#include "linnet/eval/words.h"

#include <gtest/gtest.h>

namespace linnet {
namespace {

// Python: "ΟΔΟΣ ΣΑΣ. İI Σ'Σ".lower()
TEST(Words, LowerCaseIsPythons) { EXPECT_EQ(lowercase("ΟΔΟΣ ΣΑΣ. İI Σ'Σ"), "οδος σας. i\u0307i σ'ς"); }

// Python: "a\x1cb\u00a0 \u2003c".split()
TEST(Words, WhiteSpaceIsUnicodes) {
  EXPECT_EQ(split_words("a\x1c"
                        "b\u00a0 \u2003c"),
            (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_TRUE(split_words(" \n").empty());
}

// Python: re.findall(r"\w", "aé½_-°日")
TEST(Words, WordCharactersAreLettersAndNumbers) {
  std::string found;
  for (const std::uint32_t code : code_points("aé½_-°日"))
    if (is_word_character(code)) found += utf8_of(&code, &code + 1);
  EXPECT_EQ(found, "aé½_日");
}

TEST(Words, InvalidBytesAreReplaced) { EXPECT_EQ(lowercase("A\xff"), "a\uFFFD"); }

}  // namespace
}  // namespace linnet
