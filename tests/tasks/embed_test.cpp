#include "linnet/tasks/embed.h"

#include <gmock/gmock.h>

#include "linnet/base/json.h"
#include "linnet/tasks/batches.h"
#include "tests/scratch.h"
#include "tests/tasks/tiny.h"

namespace linnet::tasks {
namespace {

using Vectors = std::vector<std::vector<float>>;

double length(const std::vector<float>& v) {
  double sum = 0;
  for (const float x : v) sum += static_cast<double>(x) * x;
  return std::sqrt(sum);
}

TEST(Batches, AreSortedByLengthAndKeepToTheirRows) {
  const std::vector<Ids> texts{Ids(5, 1), Ids(1, 2), Ids(9, 3), Ids(2, 4), Ids(2, 5)};
  std::vector<std::vector<std::size_t>> batches;
  for_each_batch(texts, 6, [&](const nn::Packed& batch, std::span<const std::size_t> members) {
    batches.emplace_back(members.begin(), members.end());
    for (std::size_t i = 0; i < members.size(); ++i)
      EXPECT_EQ(batch.ids[static_cast<std::size_t>(batch.starts[i])], static_cast<std::int32_t>(members[i]) + 1);
  });
  EXPECT_THAT(batches, ::testing::ElementsAre(::testing::ElementsAre(1, 3, 4), ::testing::ElementsAre(0),
                                              ::testing::ElementsAre(2)));
}

class Pooled : public ::testing::Test {
 protected:
  Pooled() : p_(tiny("bert/masked")) {}
  Vectors run(const EmbedOptions& options) const { return embed(*p_.model, p_.tokenizer, texts_, options); }
  Tensor rows(const std::string& text) const { return p_.model->forward(nn::pack({p_.tokenizer.encode_ids(text)})); }
  models::Pretrained p_;
  const std::vector<std::string> texts_{"w5 w6 w7", "w20", "w8 w9 w10 w11 w12"};
};

TEST_F(Pooled, MeanFirstOrLastRow) {
  const Vectors mean = run({}), first = run({.pooling = EmbedPooling::kCls}),
                last = run({.pooling = EmbedPooling::kLast});
  for (std::size_t t = 0; t < texts_.size(); ++t) {
    const Tensor hidden = rows(texts_[t]);
    const std::int64_t n = hidden.size(0), width = hidden.size(1);
    for (std::int64_t i = 0; i < width; ++i) {
      double sum = 0;
      for (std::int64_t r = 0; r < n; ++r) sum += hidden.data<float>()[static_cast<std::size_t>(r * width + i)];
      const auto at = static_cast<std::size_t>(i);
      EXPECT_NEAR(mean[t][at], sum / static_cast<double>(n), 1e-5);
      EXPECT_NEAR(first[t][at], hidden.data<float>()[at], 1e-5);
      EXPECT_NEAR(last[t][at], hidden.data<float>()[static_cast<std::size_t>((n - 1) * width + i)], 1e-5);
    }
  }
}

TEST_F(Pooled, UnitVectorsHaveLengthOneAndTheSameDirection) {
  const Vectors plain = run({}), unit = run({.unit = true});
  for (std::size_t t = 0; t < texts_.size(); ++t) {
    EXPECT_NEAR(length(unit[t]), 1, 1e-6);
    for (std::size_t i = 0; i < plain[t].size(); ++i) EXPECT_NEAR(unit[t][i] * length(plain[t]), plain[t][i], 1e-5);
  }
}

TEST_F(Pooled, BatchesChangeNothingAndLongTextsAreCut) {
  const Vectors together = run({}), alone = run({.batch_rows = 1});
  for (std::size_t t = 0; t < texts_.size(); ++t) expect_close(alone[t], together[t], 1e-5, texts_[t]);
  const std::vector<std::string> cut{"w5 w6"}, whole{"w5 w6 w7 w8"};
  EXPECT_EQ(embed(*p_.model, p_.tokenizer, whole, {.max_length = 4}), embed(*p_.model, p_.tokenizer, cut, {}));
  std::string endless;
  for (int i = 0; i < 100; ++i) endless += " w5";
  EXPECT_EQ(embed(*p_.model, p_.tokenizer, std::vector<std::string>{endless}, {}).size(), 1U);  // 40 positions
}

TEST(EmbedDefaults, FollowTheFoldersFiles) {
  Scratch scratch;
  EXPECT_EQ(embed_defaults(scratch.path()).pooling, EmbedPooling::kMean);
  EXPECT_FALSE(embed_defaults(scratch.path()).unit);
  put(scratch / "1_Pooling" / "config.json", R"({"pooling_mode_cls_token": true, "pooling_mode_mean_tokens": false})");
  put(scratch / "sentence_bert_config.json", R"({"max_seq_length": 12})");
  std::filesystem::create_directories(scratch / "2_Normalize");
  const EmbedOptions options = embed_defaults(scratch.path());
  EXPECT_EQ(options.pooling, EmbedPooling::kCls);
  EXPECT_EQ(options.max_length, 12);
  EXPECT_TRUE(options.unit);
  put(scratch / "1_Pooling" / "config.json", R"({"pooling_mode_lasttoken": true})");
  EXPECT_EQ(embed_defaults(scratch.path()).pooling, EmbedPooling::kLast);
  put(scratch / "1_Pooling" / "config.json", R"({"pooling_mode_cls_token": "yes"})");
  EXPECT_THAT(refusal([&] { embed_defaults(scratch.path()); }), ::testing::HasSubstr("pooling_mode_cls_token"));
}

TEST(RealModel, MiniLMPutsWhatMeansTheSameCloseTogether) {
  const auto path = cached_model("all-MiniLM-L6-v2");
  LINNET_NEEDS(path);
  const models::Pretrained p = models::load_pretrained(path, {.dtype = models::WeightType::kF32});
  const Json wanted = read_json(fixtures() / "real_models.json")["minilm"];
  EmbedOptions options = embed_defaults(path);
  options.unit = true;
  const auto vectors = embed(*p.model, p.tokenizer, wanted["texts"].get<std::vector<std::string>>(), options);
  for (std::size_t a = 0; a < vectors.size(); ++a)
    for (std::size_t b = 0; b < vectors.size(); ++b) {
      double cosine = 0;
      for (std::size_t i = 0; i < vectors[a].size(); ++i) cosine += static_cast<double>(vectors[a][i]) * vectors[b][i];
      EXPECT_NEAR(cosine, wanted["cosines"][a][b].get<double>(), 1e-5) << a << ", " << b;
    }
}

}  // namespace
}  // namespace linnet::tasks
