#include "linnet/serve/token_texts.h"

#include <gtest/gtest.h>

#include "tests/models/fixture.h"

namespace linnet::serve {
namespace {

// The bytes of the tokens join to the text, as far as the tokenizer keeps it.
TEST(TextsOfTokens, JoinToTheText) {
  const std::string text = "Grüße, 東京! Two  blanks\nand a line 🙂.";
  for (const char* name : {"byte-level-bpe", "metaspace-bpe", "sp-bpe", "sp-unigram-bytes"}) {
    SCOPED_TRACE(name);
    const Tokenizer tokenizer = Tokenizer::from_pretrained(fixtures() / "trained" / name);
    const TokenTexts texts(tokenizer);
    std::string joined;
    const auto ids = tokenizer.encode_ids(text, {.add_special_tokens = false});
    for (const std::int32_t id : ids) joined += texts.bytes_of(id);
    std::string decoded = tokenizer.decode(ids, false, DecodedSpaces::kAsTheyAre);
    if (joined.starts_with(' ')) decoded.insert(decoded.begin(), ' ');  // put there by the tokenizer
    EXPECT_EQ(joined, decoded);
  }
}

TEST(TextsOfTokens, SpellPartsOfCharacters) {
  const Tokenizer tokenizer = Tokenizer::from_pretrained(fixtures() / "trained/byte-level-bpe");
  const auto ids = tokenizer.encode_ids("\U0001F642", {.add_special_tokens = false});
  ASSERT_GT(ids.size(), 1U);
  EXPECT_TRUE(TokenTexts(tokenizer).name_of(ids[0]).starts_with("bytes:\\xf0"))
      << TokenTexts(tokenizer).name_of(ids[0]);
}

}  // namespace
}  // namespace linnet::serve
