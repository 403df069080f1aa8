#include "linnet/models/pooling.h"

#include <gmock/gmock.h>

#include "tests/scratch.h"

namespace linnet::models {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

PoolingConfig parsed(std::string_view json) {
  Scratch scratch;
  put(scratch / "config.json", json);
  return read_pooling(scratch / "config.json");
}

TEST(Pooling, IsTheModeOfTheOldFlags) {
  EXPECT_THAT(parsed(R"({"pooling_mode_mean_tokens": true})").modes, ElementsAre(EmbedPooling::kMean));
  EXPECT_THAT(parsed(R"({"pooling_mode_cls_token": true, "pooling_mode_mean_tokens": false})").modes,
              ElementsAre(EmbedPooling::kCls));
  EXPECT_THAT(parsed(R"({"pooling_mode_cls_token": false, "pooling_mode_lasttoken": true})").modes,
              ElementsAre(EmbedPooling::kLast));
  EXPECT_THAT(parsed(R"({"word_embedding_dimension": 384})").modes, ElementsAre(EmbedPooling::kMean));
}

// `pooling_mode` of sentence-transformers 5.4 and later: a name or a list, in order.
TEST(Pooling, IsTheNamedModeOrSeveral) {
  EXPECT_THAT(parsed(R"({"pooling_mode": "cls"})").modes, ElementsAre(EmbedPooling::kCls));
  EXPECT_THAT(parsed(R"({"pooling_mode": ["lasttoken", "weightedmean"]})").modes,
              ElementsAre(EmbedPooling::kLast, EmbedPooling::kWeightedMean));
  EXPECT_THAT(parsed(R"({"pooling_mode": "max", "pooling_mode_cls_token": true})").modes,
              ElementsAre(EmbedPooling::kMax))
      << "the name takes precedence";
  EXPECT_THAT(parsed(R"({"pooling_mode_mean_tokens": true, "pooling_mode_cls_token": true})").modes,
              ElementsAre(EmbedPooling::kCls, EmbedPooling::kMean))
      << "flags in the library's order, not the file's";
  EXPECT_FALSE(parsed(R"({"pooling_mode": "mean", "include_prompt": false})").include_prompt);
}

TEST(Pooling, WhatIsDamagedOrUnknownIsRefused) {
  const auto refused = [](std::string_view json) { return refusal([&] { parsed(json); }); };
  EXPECT_THAT(refused(R"({"pooling_mode": "attention"})"), HasSubstr("pooling mode 'attention' is not supported"));
  EXPECT_THAT(refused(R"({"pooling_mode": []})"), HasSubstr("lists 0 modes"));
  EXPECT_THAT(refused(R"({"pooling_mode": 3})"), HasSubstr("pooling_mode"));
  EXPECT_THAT(refused(R"({"pooling_mode_sum": true})"), HasSubstr("'pooling_mode_sum' is not an option"));
  EXPECT_THAT(refused(R"({"pooling_mode_cls_token": "yes"})"),
              HasSubstr("'pooling_mode_cls_token' is not true or false"));
  EXPECT_THAT(refused(R"(["pooling_mode_cls_token"])"), HasSubstr("is not a JSON object"));
  EXPECT_THAT(refused("{"), HasSubstr("config.json"));
}

TEST(Pooling, NamesAreSentenceTransformersAndLast) {
  EXPECT_EQ(pooling_named("last"), EmbedPooling::kLast);
  EXPECT_EQ(pooling_named("lasttoken"), EmbedPooling::kLast);
  EXPECT_EQ(pooling_named("median"), std::nullopt);
  EXPECT_EQ(pooling_name(EmbedPooling::kMeanSqrtLength), "mean_sqrt_len_tokens");
}

TEST(Pooling, LeavesOutTheRowsOfAPrompt) {
  const Tensor rows = Tensor::from(std::vector<float>{100, 2, 4, 100, 6}, {5, 1});
  const std::vector<std::int32_t> starts{0, 3, 5};
  const std::vector<EmbedPooling> modes{EmbedPooling::kMean, EmbedPooling::kCls, EmbedPooling::kWeightedMean};
  const Tensor pooled = pool(rows, starts, modes, 1);
  EXPECT_THAT(std::vector<float>(pooled.data<float>().begin(), pooled.data<float>().end()),
              ElementsAre(3, 2, (2 * 2 + 3 * 4) / 5.0F, 6, 6, 6));
  EXPECT_THROW(pool(rows, starts, modes, 2), Error) << "nothing of the second text is left";
}

}  // namespace
}  // namespace linnet::models
