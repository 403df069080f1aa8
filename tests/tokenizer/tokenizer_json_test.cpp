#include <gmock/gmock.h>

#include "linnet/tokenizer/tokenizer_data.h"
#include "tests/tokenizer/reference.h"

namespace linnet {
namespace {

using ::testing::HasSubstr;

const Json kBpe{{"type", "BPE"}, {"vocab", {{"a", 0}, {"b", 1}, {"ab", 2}}}, {"merges", {"a b"}}};

std::string refused_json(const Json& json) {
  return refusal([&] { parse_tokenizer_json(dump_json(json), "tokenizer.json"); });
}
TokenizerDataPtr parsed(const Json& json) { return parse_tokenizer_json(dump_json(json), "tokenizer.json"); }

TEST(TokenizerJson, TheTypeOfAnOldFileIsSeenFromItsFields) {
  Json bpe = kBpe;
  bpe.erase("type");
  EXPECT_TRUE(parsed({{"model", bpe}})->is_bpe);
  EXPECT_FALSE(parsed({{"model", {{"vocab", {{"<unk>", 0}}}}}})->is_bpe);
  const Json list = Json::array({Json::array({"<unk>", -1.5}), Json::array({"a", -2})});
  EXPECT_EQ(parsed({{"model", {{"vocab", list}, {"unk_id", 0}}}})->model->vocabulary().find("a"), 1);
}

TEST(TokenizerJson, AddedTokensFollowTheVocabularysIds) {
  const auto data = parsed(
      {{"model", kBpe},
       {"added_tokens", {{{"id", 77}, {"content", "ab"}}, {{"id", 78}, {"content", "<x>"}, {"special", true}}}}});
  EXPECT_EQ(data->find("ab"), 2);  // the vocabulary's own
  EXPECT_EQ(data->find("<x>"), 78);
  EXPECT_FALSE(data->added.token(78)->normalized);
  EXPECT_TRUE(data->added.token(2)->normalized);  // the default for ordinary tokens
}

TEST(TokenizerJson, TheUnknownTokenIsAnId) {
  Json json{{"model", {{"type", "WordLevel"}, {"vocab", {{"x", 0}, {"<u>", 1}}}, {"unk_token", "<u>"}}}};
  EXPECT_EQ(parsed(json)->ids.unk, 1);
}

TEST(TokenizerJson, FaultsAreNamed) {
  EXPECT_THAT(refused_json(Json::object()), HasSubstr("'model' is missing"));
  EXPECT_THAT(refused_json({{"model", 5}}), HasSubstr("'model' is not an object"));
  EXPECT_THAT(refused_json({{"model", {{"type", "Magic"}, {"vocab", {{"a", 0}}}}}}),
              HasSubstr("model 'Magic' is not known"));
  EXPECT_THAT(refused_json({{"model", {{"type", "BPE"}}}}), HasSubstr("its 'vocab' is missing"));
  EXPECT_THAT(refused_json({{"model", {{"type", "Unigram"}, {"vocab", {{"a", 0}}}}}}), HasSubstr("tokenizer.json"));
  EXPECT_THAT(refused_json({{"model", kBpe}, {"added_tokens", 5}}), HasSubstr("'added_tokens' is not a list"));
  EXPECT_THAT(refused_json({{"model", kBpe}, {"added_tokens", {{{"id", -1}, {"content", "x"}}}}}),
              HasSubstr("'id' is -1"));
  EXPECT_THAT(refused_json({{"model", kBpe}, {"added_tokens", {{{"id", 5}, {"content", "x"}, {"lstrip", "yes"}}}}}),
              HasSubstr("'lstrip' is \"yes\", not true or false"));
  EXPECT_THAT(refused_json({{"model", kBpe}, {"truncation", {{"max_length", -2}}}}), HasSubstr("max_length is -2"));
  EXPECT_THAT(refused_json({{"model", kBpe}, {"padding", {{"strategy", {{"Fixed", 1e12}}}}}}), HasSubstr("Fixed"));
  EXPECT_THAT(refused_json({{"model", kBpe}, {"padding", {{"pad_id", 99}}}}), HasSubstr("padding: id 99"));
  EXPECT_THAT(refused_json({{"model", kBpe},
                            {"post_processor", {{"type", "BertProcessing"}, {"cls", {"a", 0}}, {"sep", {"b", 99}}}}}),
              HasSubstr("post_processor: id 99"));
  EXPECT_THAT(refused_json({{"model", kBpe},
                            {"post_processor",
                             {{"type", "TemplateProcessing"}, {"single", Json::array()}, {"pair", Json::array()}}}}),
              HasSubstr("leaves nothing"));
  Json dangling = kBpe;
  dangling["merges"] = {"a z"};
  EXPECT_THAT(refused_json({{"model", dangling}}), HasSubstr("z"));
}

}  // namespace
}  // namespace linnet
