#include "linnet/models/pooling.h"

#include <gmock/gmock.h>

#include "tests/scratch.h"

namespace linnet::models {
namespace {

using ::testing::HasSubstr;

EmbedPooling read(std::string_view json) {
  Scratch scratch;
  put(scratch / "config.json", json);
  return read_pooling(scratch / "config.json");
}

TEST(Pooling, IsTheModeThatIsSet) {
  EXPECT_EQ(read(R"({"pooling_mode_mean_tokens": true})"), EmbedPooling::kMean);
  EXPECT_EQ(read(R"({"pooling_mode_cls_token": true, "pooling_mode_mean_tokens": false})"), EmbedPooling::kCls);
  EXPECT_EQ(read(R"({"pooling_mode_cls_token": false, "pooling_mode_lasttoken": true})"), EmbedPooling::kLast);
  EXPECT_EQ(read(R"({"word_embedding_dimension": 384})"), EmbedPooling::kMean);
}

TEST(Pooling, WhatIsDamagedOrUnknownIsRefused) {
  const auto refused = [](std::string_view json) { return refusal([&] { read(json); }); };
  EXPECT_THAT(refused(R"({"pooling_mode_max_tokens": true})"), HasSubstr("pooling_mode_max_tokens is not supported"));
  EXPECT_THAT(refused(R"({"pooling_mode_cls_token": true, "pooling_mode_mean_tokens": true})"),
              HasSubstr("pooling_mode_mean_tokens with pooling_mode_cls_token is not supported"));
  EXPECT_THAT(refused(R"({"pooling_mode_cls_token": "yes"})"),
              HasSubstr("'pooling_mode_cls_token' is not true or false"));
  EXPECT_THAT(refused(R"(["pooling_mode_cls_token"])"), HasSubstr("is not a JSON object"));
  EXPECT_THAT(refused("{"), HasSubstr("config.json"));
}

TEST(Pooling, WhoCanDoWithoutGetsNothingForAnotherMode) {
  Scratch scratch;
  const auto found = [&](std::string_view json) {
    put(scratch / "config.json", json);
    return find_pooling(scratch / "config.json");
  };
  EXPECT_EQ(found(R"({"pooling_mode_lasttoken": true})"), EmbedPooling::kLast);
  EXPECT_EQ(found(R"({"pooling_mode_weightedmean_tokens": true})"), std::nullopt);
  EXPECT_EQ(found(R"({"pooling_mode_cls_token": true, "pooling_mode_max_tokens": true})"), std::nullopt);
  EXPECT_THAT(refusal([&] { found("{"); }), HasSubstr("config.json"));
}

TEST(Pooling, WhatIsWrittenIsRead) {
  Scratch scratch;
  for (const EmbedPooling pooling : {EmbedPooling::kMean, EmbedPooling::kCls, EmbedPooling::kLast}) {
    write_modules(scratch.path(), pooling, 384);
    const SentenceModules modules = find_modules(scratch.path());
    ASSERT_TRUE(modules.pooling);
    EXPECT_EQ(read_pooling(*modules.pooling), pooling);
    EXPECT_FALSE(modules.unit);
  }
}

TEST(Pooling, ModulesAreThoseListedOrTheUsualFolders) {
  Scratch scratch;
  EXPECT_FALSE(find_modules(scratch.path()).pooling);
  put(scratch / "1_Pooling/config.json", "{}");
  put(scratch / "2_Normalize/README.md", "");
  EXPECT_EQ(find_modules(scratch.path()).pooling, scratch / "1_Pooling/config.json");
  EXPECT_TRUE(find_modules(scratch.path()).unit);
  const auto listed = [&](std::string_view json) {
    put(scratch / "modules.json", json);
    return find_modules(scratch.path());
  };
  const auto modules = listed(R"([{"path": "", "type": "a.Transformer"}, {"path": "pool", "type": "a.Pooling"}])");
  EXPECT_EQ(modules.pooling, scratch / "pool/config.json");
  EXPECT_FALSE(modules.unit) << "a folder that is not listed does nothing";
  EXPECT_TRUE(listed(R"([{"type": "a.Normalize"}])").unit);
  EXPECT_THAT(refusal([&] { listed("{}"); }), HasSubstr("is not a list of modules"));
  EXPECT_THAT(refusal([&] { listed("[1]"); }), HasSubstr("modules.json"));
  EXPECT_THAT(refusal([&] { listed(R"([{"path": "../..", "type": "a.Pooling"}])"); }),
              HasSubstr("is no folder beside it"));
}

}  // namespace
}  // namespace linnet::models
