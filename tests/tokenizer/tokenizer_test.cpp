#include "linnet/tokenizer/tokenizer.h"

#include <gmock/gmock.h>

#include "linnet/base/error.h"
#include "tests/tokenizer/reference.h"

namespace linnet {
namespace {

using ::testing::ElementsAre;
using Ids = std::vector<std::int32_t>;

Json word_piece() {
  Json json = tokenizer_reference()["models"]["wordpiece"][0]["json"];
  json["post_processor"] = tokenizer_reference()["postprocessors"][0]["json"];
  json["decoder"] = {{"type", "WordPiece"}, {"prefix", "##"}, {"cleanup", true}};
  json["added_tokens"] = {{{"id", 22}, {"content", "[CLS]"}, {"special", true}},
                          {{"id", 23}, {"content", "[SEP]"}, {"special", true}},
                          {{"id", 40}, {"content", "[NEW]"}, {"special", false}}};
  return json;
}

TEST(Tokenizer, EncodesWithOffsetsMasksAndTypes) {
  const Encoding e = tokenizer_of(word_piece()).encode("Hello worlds", "don't");
  EXPECT_THAT(e.tokens, ElementsAre("[CLS]", "hello", "world", "##s", "[SEP]", "don", "'", "t", "[SEP]"));
  EXPECT_THAT(e.type_ids, ElementsAre(0, 0, 0, 0, 0, 1, 1, 1, 1));
  EXPECT_THAT(e.special_tokens_mask, ElementsAre(1, 0, 0, 0, 1, 0, 0, 0, 1));
  EXPECT_THAT(e.attention_mask, ::testing::Each(1));
  EXPECT_EQ(e.offsets[3], (std::pair<std::int64_t, std::int64_t>(11, 12)));
  EXPECT_THAT(e.words, ElementsAre(-1, 0, 1, 1, -1, 0, 1, 2, -1));  // counted in each text
}

TEST(Tokenizer, LeavesOutWhatIsNotAskedFor) {
  EncodeOptions options;
  options.want_tokens = options.want_offsets = false;
  const Encoding e = tokenizer_of(word_piece()).encode("hello", options);
  EXPECT_TRUE(e.tokens.empty());
  EXPECT_TRUE(e.offsets.empty());
  EXPECT_TRUE(e.words.empty());
  EXPECT_EQ(e.ids.size(), 3U);
  options.add_special_tokens = false;
  EXPECT_THAT(tokenizer_of(word_piece()).encode_ids("hello", options), ElementsAre(1));
}

TEST(Tokenizer, BrokenTextIsReadWithReplacements) {
  const Tokenizer t = tokenizer_of(word_piece());
  EXPECT_EQ(t.encode_ids("hello \xff world"), t.encode_ids("hello \xEF\xBF\xBD world"));
  EXPECT_EQ(t.encode_ids(std::string_view("a\0b", 3)), t.encode_ids("ab"));  // BERT's cleaning drops it
}

TEST(Tokenizer, SpecialTextIsATokenOrText) {
  const Tokenizer t = tokenizer_of(word_piece());
  const EncodeOptions plain{.add_special_tokens = false, .special_text = SpecialText::kPlain};
  EXPECT_THAT(t.encode_ids("[SEP]", {.add_special_tokens = false}), ElementsAre(23));
  EXPECT_THAT(t.encode_ids("[SEP]", plain), ::testing::Not(::testing::Contains(23)));
  EXPECT_THAT(t.encode_ids("[NEW]", plain), ElementsAre(40));  // not special: always matched
}

TEST(Tokenizer, DecodesWithAndWithoutSpecialTokens) {
  const Tokenizer t = tokenizer_of(word_piece());
  const Ids ids{22, 1, 2, 3, 16, 23};
  EXPECT_EQ(t.decode(ids), "hello worlds!");
  EXPECT_EQ(t.decode(ids, false), "[CLS] hello worlds! [SEP]");
  EXPECT_EQ(t.decode(Ids{1, 999, -5, 2}), "hello world");  // ids without a token
  EXPECT_EQ(t.decode(Ids{}), "");
}

TEST(Tokenizer, KnowsItsTokens) {
  const Tokenizer t = tokenizer_of(word_piece());
  EXPECT_EQ(t.vocab_size(), 41);
  EXPECT_EQ(t.token_to_id("[NEW]"), 40);
  EXPECT_EQ(t.token_to_id("hello"), 1);
  EXPECT_EQ(t.token_to_id("nothing"), std::nullopt);
  EXPECT_EQ(t.id_to_token(3), "##s");
  EXPECT_EQ(t.id_to_token(39), "");
  EXPECT_TRUE(t.is_special(22));
  EXPECT_FALSE(t.is_special(40));
  EXPECT_FALSE(t.is_special(-1));
}

TEST(Tokenizer, TruncationLeavesRoomForWhatIsAdded) {
  const Tokenizer t = tokenizer_of(word_piece());
  EncodeOptions options;
  options.truncation = Truncation{.max_length = 4};
  EXPECT_THAT(t.encode_ids("hello world hello world", options), ElementsAre(22, 1, 2, 23));
  options.truncation->side = Side::kLeft;
  EXPECT_THAT(t.encode_ids("hello world a ab", options), ElementsAre(22, 6, 10, 23));
  options.add_special_tokens = false;
  EXPECT_THAT(t.encode_ids("hello world a ab hello", options), ElementsAre(2, 6, 10, 1));
}

TEST(Tokenizer, PaddingOfTheFileIsFollowedOnRequest) {
  Json json = word_piece();
  json["padding"] = {
      {"strategy", {{"Fixed", 6}}}, {"direction", "Left"}, {"pad_to_multiple_of", nullptr}, {"pad_id", 0},
      {"pad_type_id", 3},           {"pad_token", "[UNK]"}};
  const Tokenizer t = tokenizer_of(json);
  EXPECT_EQ(t.encode("hello").size(), 3U);
  EncodeOptions follow;
  follow.file_lengths = FileLengths::kFollow;
  const Encoding e = t.encode("hello", follow);
  EXPECT_THAT(e.ids, ElementsAre(0, 0, 0, 22, 1, 23));
  EXPECT_THAT(e.attention_mask, ElementsAre(0, 0, 0, 1, 1, 1));
  EXPECT_THAT(e.type_ids, ElementsAre(3, 3, 3, 0, 0, 0));
  EXPECT_THAT(e.special_tokens_mask, ElementsAre(1, 1, 1, 1, 0, 1));
}

TEST(Tokenizer, CopiesShareOneTokenizer) {
  const Tokenizer t = tokenizer_of(word_piece());
  const Tokenizer copy = t;  // NOLINT: that is what is tested
  EXPECT_EQ(&copy.data(), &t.data());
}

}  // namespace
}  // namespace linnet
