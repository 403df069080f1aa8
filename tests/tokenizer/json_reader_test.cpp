#include "linnet/tokenizer/json_reader.h"

#include <gmock/gmock.h>

#include "tests/scratch.h"

namespace linnet {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using Shape = TokenizerFile::Shape;

std::string refused_text(const std::string& text) {
  return refusal([&] { read_tokenizer_text(text, "tokenizer.json"); });
}

TEST(JsonReader, BigPartsGoWhereTheyBelong) {
  const TokenizerFile f = read_tokenizer_text(
      R"({"version": "1.0", "model": {"type": "BPE", "vocab": {"a": 0, "b": 7}, "merges": ["a b", ["c", "d e"]], "dropout": null},
                                                  "added_tokens": [{"id": 9, "content": "<s>"}]})",
      "");
  EXPECT_EQ(f.shape, Shape::kObject);
  EXPECT_TRUE(f.has_merges);
  EXPECT_EQ(f.vocabulary.find("b"), 7);
  EXPECT_THAT(f.merges, ElementsAre(Pair("a", "b"), Pair("c", "d e")));
  EXPECT_EQ(f.root["model"], (Json{{"type", "BPE"}, {"dropout", nullptr}}));
  EXPECT_EQ(f.root["added_tokens"][0]["content"], "<s>");
}

TEST(JsonReader, ListsArePiecesWithScores) {
  const TokenizerFile f = read_tokenizer_text(R"({"model": {"vocab": [["<unk>", 0], ["a", -1.5], ["b", -2e1]]}})", "");
  EXPECT_EQ(f.shape, Shape::kList);
  EXPECT_FALSE(f.has_merges);
  EXPECT_THAT(f.pieces.texts, ElementsAre("<unk>", "a", "b"));
  EXPECT_THAT(f.pieces.scores, ElementsAre(0, -1.5, -20));
}

// serde_json reads -10.0123456789 as 100123456789 / 10^10: not always the nearest double, and ties depend on it.
TEST(JsonReader, ScoresAreRoundedAsRustDoes) {
  const TokenizerFile f =
      read_tokenizer_text(R"({"model": {"vocab": [["a", -10.0123456789], ["b", 1.7976931348623157e308]]}})", "");
  EXPECT_EQ(f.pieces.scores[0], -(100123456789.0 / 1e10));
  EXPECT_EQ(f.pieces.scores[1], 1.7976931348623157e308);
}

TEST(JsonReader, OnlyTheModelsListsAreBig) {
  const TokenizerFile f = read_tokenizer_text(R"({"vocab": {"x": 1}, "model": {"inner": {"vocab": {"y": 2}}}})", "");
  EXPECT_EQ(f.shape, Shape::kMissing);
  EXPECT_EQ(f.root["vocab"]["x"], 1);
  EXPECT_EQ(f.root["model"]["inner"]["vocab"]["y"], 2);
}

TEST(JsonReader, FaultsAreNamed) {
  EXPECT_THAT(refused_text("{"), HasSubstr("tokenizer.json: invalid JSON"));
  EXPECT_THAT(refused_text("[]"), HasSubstr("not a JSON object"));
  EXPECT_THAT(refused_text(R"({"model": {"vocab": {"a": -1}}})"), HasSubstr("token 'a' of the vocabulary has id -1"));
  EXPECT_THAT(refused_text(R"({"model": {"vocab": {"a": 4294967296}}})"), HasSubstr("id 4294967296"));
  EXPECT_THAT(refused_text(R"({"model": {"vocab": {"a": 1.5}}})"), HasSubstr("a fraction"));
  EXPECT_THAT(refused_text(R"({"model": {"vocab": {"a": null}}})"), HasSubstr("has null"));
  EXPECT_THAT(refused_text(R"({"model": {"vocab": {"a": {}}}})"), HasSubstr("an object"));
  EXPECT_THAT(refused_text(R"({"model": {"vocab": [["a"]]}})"), HasSubstr("not [text, score]"));
  EXPECT_THAT(refused_text(R"({"model": {"vocab": [["a", 1, 2]]}})"), HasSubstr("not [text, score]"));
  EXPECT_THAT(refused_text(R"({"model": {"vocab": ["a"]}})"), HasSubstr("not [text, score]"));
  EXPECT_THAT(refused_text(R"({"model": {"merges": ["a b c"]}})"), HasSubstr("'a b c', not two tokens"));
  EXPECT_THAT(refused_text(R"({"model": {"merges": [["a"]]}})"), HasSubstr("merge"));
  EXPECT_THAT(refused_text(R"({"model": {"merges": [["a", "b", "c"]]}})"), HasSubstr("more than two"));
  EXPECT_THAT(refused_text(R"({"a": )" + std::string(300, '[') + std::string(300, ']') + "}"),
              HasSubstr("nested more than"));
}

// Duplicate keys in the vocabulary, in vocab.json, and elsewhere.
TEST(JsonReader, AKeyTwiceIsRefused) {
  EXPECT_THAT(refused_text(R"({"model": {"vocab": {"a": 1, "b": 2, "a": 3}}})"),
              HasSubstr("token 'a' is in the vocabulary twice"));
  EXPECT_THAT(refused_text(R"({"model": {"vocab": {"a": 1}, "vocab": {"b": 1}}})"),
              HasSubstr("the key 'vocab' is there twice"));
  EXPECT_THAT(refused_text(R"({"model": {"merges": [], "merges": []}})"), HasSubstr("the key 'merges' is there twice"));
  EXPECT_THAT(refused_text(R"({"normalizer": null, "normalizer": {}})"),
              HasSubstr("the key 'normalizer' is there twice"));
  EXPECT_THAT(refusal([] { read_vocabulary_object(R"({"a": 1, "a": 2})", "vocab.json"); }),
              HasSubstr("vocab.json: token 'a' is in the vocabulary twice"));
}

TEST(JsonReader, ABareVocabularyIsAnObject) {
  EXPECT_EQ(read_vocabulary_object(R"({"a": 3})", "vocab.json").find("a"), 3);
  EXPECT_THAT(refusal([] { read_vocabulary_object("[1]", "vocab.json"); }), HasSubstr("vocab.json"));
  EXPECT_THAT(refusal([] { read_vocabulary_object(R"({"a": "b"})", "vocab.json"); }), HasSubstr("vocab.json"));
}

}  // namespace
}  // namespace linnet
