#include <gmock/gmock.h>

#include "linnet/base/rng.h"
#include "linnet/base/utf8.h"
#include "linnet/tokenizer/normalizer.h"
#include "linnet/tokenizer/tokenizer.h"
#include "tests/tokenizer/reference.h"

namespace linnet {
namespace {

using ::testing::ElementsAre;
using Ids = std::vector<std::int32_t>;

// A byte-level vocabulary: the ids of its letters are their bytes, then special ones.
Tokenizer bytes() {
  Json vocab = Json::object();
  for (int b = 0; b < 256; ++b) {
    std::string text;
    utf8::append(text, byte_to_code(static_cast<unsigned char>(b)));
    vocab[text] = b;
  }
  Json json = tokenizer_reference()["models"]["bpe"][2]["json"];
  json["model"]["vocab"] = vocab, json["model"]["merges"] = Json::array();
  json["pre_tokenizer"] = {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", false}};
  json["decoder"] = {{"type", "ByteLevel"}};
  json["added_tokens"] = {{{"id", 256}, {"content", "<s>"}, {"special", true}}};
  return tokenizer_of(json);
}
Ids ids_of(std::string_view text) {
  Ids ids;
  for (const char c : text) ids.push_back(static_cast<unsigned char>(c));
  return ids;
}

std::vector<std::string> pushes(const Tokenizer& t, const Ids& ids, bool skip_special = true) {
  StreamDecoder stream(t, skip_special);
  std::vector<std::string> out;
  for (const std::int32_t id : ids) out.push_back(stream.push(id));
  out.push_back(stream.finish());
  return out;
}

TEST(StreamDecoder, NeverShowsHalfACharacter) {
  EXPECT_THAT(pushes(bytes(), ids_of("aé€😀")), ElementsAre("a", "", "é", "", "", "€", "", "", "", "😀", ""));
}

TEST(StreamDecoder, WhatStaysBrokenComesAtTheEnd) {
  EXPECT_THAT(pushes(bytes(), ids_of("a\xE2\x82")), ElementsAre("a", "", "", "\xEF\xBF\xBD"));
}

TEST(StreamDecoder, SpecialTokensAreLeftOutUnlessAskedFor) {
  EXPECT_THAT(pushes(bytes(), {'a', 256, 'b'}), ElementsAre("a", "", "b", ""));
  EXPECT_THAT(pushes(bytes(), {'a', 256, 'b'}, false), ElementsAre("a", "<s>", "b", ""));
}

// For any ids, the concatenated pieces equal the result of decoding at once.
TEST(StreamDecoder, RandomIdsAddUpToTheWholeText) {
  std::vector<Tokenizer> tokenizers{bytes()};
  for (const char* group : {"bpe", "wordpiece", "unigram", "added"})
    for (Json entry : tokenizer_reference()["models"][group])
      for (const Json& decoder : tokenizer_reference()["decoders"]) {
        const std::string type = decoder["json"]["type"];
        if (type == "CTC" || type == "Strip" || type == "ByteFallback" || type == "Sequence")
          continue;  // no streams of text; bytes: below
        entry["json"]["decoder"] = decoder["json"];
        tokenizers.push_back(tokenizer_of(entry["json"]));
      }
  Rng rng(6);
  for (const Tokenizer& t : tokenizers)
    for (int round = 0; round < 5; ++round) {
      Ids ids;
      for (std::uint64_t n = rng.below(60); n > 0; --n)
        ids.push_back(static_cast<std::int32_t>(rng.below(static_cast<std::uint64_t>(t.vocab_size()))));
      std::string all;
      for (const std::string& part : pushes(t, ids)) {
        ASSERT_TRUE(utf8::valid(part));
        all += part;
      }
      ASSERT_EQ(all, t.decode(ids)) << ::testing::PrintToString(ids);
    }
}

// Byte tokens before and after a character; then invalid bytes, which change the decoding of the preceding newline
// after it was returned. Later text is not lost.
TEST(StreamDecoder, BytesWaitForTheirCharacterAndBrokenOnesLoseNothing) {
  Json json = tokenizer_reference()["models"]["bpe"][6]["json"];
  json["decoder"] = tokenizer_reference()["decoders"].back()["json"];
  const Tokenizer t = tokenizer_of(json);
  const auto id = [&](const char* token) { return *t.token_to_id(token); };
  EXPECT_THAT(pushes(t, {id("a"), id("<0x0A>"), id("<0xF0>"), id("<0x9F>"), id("<0x98>"), id("<0x80>"), id("b")}),
              ElementsAre("a", "\n", "", "", "", "😀", "b", ""));
  EXPECT_THAT(pushes(t, {id("a"), id("<0x0A>"), id("<0xFF>"), id("b"), id("c")}), ElementsAre("a", "\n", "",
                                                                                              "\xEF\xBF\xBD\xEF\xBF\xBD"
                                                                                              "b",
                                                                                              "c", ""));
}

TEST(StreamDecoder, StartsAnewAfterFinish) {
  const Tokenizer t = bytes();
  StreamDecoder stream(t);
  EXPECT_EQ(stream.push('a'), "a");
  EXPECT_EQ(stream.finish(), "");
  EXPECT_EQ(stream.push('b'), "b");
}

}  // namespace
}  // namespace linnet
