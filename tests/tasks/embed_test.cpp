#include "linnet/tasks/embed.h"

#include <gmock/gmock.h>

#include "linnet/adapt/loaded.h"
#include "linnet/base/json.h"
#include "linnet/models/saver.h"
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
  Vectors run(const EmbedOptions& options) const { return embed(p_, texts_, options); }
  Tensor rows(const std::string& text) const { return p_.model->forward(nn::pack({p_.tokenizer().encode_ids(text)})); }
  Loaded p_;
  const std::vector<std::string> texts_{"w5 w6 w7", "w20", "w8 w9 w10 w11 w12"};
};

TEST_F(Pooled, MeanFirstOrLastRow) {
  const Vectors mean = run({}), first = run({.modes = {EmbedPooling::kCls}}),
                last = run({.modes = {EmbedPooling::kLast}});
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
  EXPECT_EQ(embed(p_, whole, {.max_length = 4}), embed(p_, cut, {}));
  std::string endless;
  for (int i = 0; i < 100; ++i) endless += " w5";
  EXPECT_EQ(embed(p_, std::vector<std::string>{endless}, {}).size(), 1U);  // 40 positions
}

// A folder of fixtures/sentences with its transformer.
void put_sentence_folder(const std::filesystem::path& folder, const std::string& name) {
  std::filesystem::copy(fixtures() / "sentences" / name, folder, std::filesystem::copy_options::recursive);
  const auto inner = models::ModelFiles(folder).transformer();
  for (const char* file : {"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"})
    std::filesystem::copy(fixtures() / "bert/masked" / file, inner / file);
}

void expect_vectors(const Vectors& got, const Json& wanted, const std::string& name) {
  ASSERT_EQ(got.size(), wanted.size()) << name;
  for (std::size_t t = 0; t < got.size(); ++t)
    expect_close(got[t], wanted[t].get<std::vector<float>>(), 1e-5, name + " " + std::to_string(t));
}

// Poolings by name, several at once, old spellings, Dense, LayerNorm, prompts, truncate_dim, do_lower_case,
// max_seq_length: the vectors of sentence-transformers 6.2.
class Sentences : public ::testing::TestWithParam<std::string> {};

TEST_P(Sentences, GiveTheLibrarysVectors) {
  Scratch scratch;
  const auto folder = scratch / "m";
  put_sentence_folder(folder, GetParam());
  const Loaded p = load_pretrained(folder, {.dtype = models::WeightType::kF32});
  const Json wanted = read_json(folder / "expected.json");
  const auto texts = wanted["texts"].get<std::vector<std::string>>();
  const EmbedOptions options = embed_defaults(folder);
  expect_vectors(embed(p, texts, options), wanted["vectors"], GetParam());
  EXPECT_EQ(embedding_width(*p.model, options), static_cast<std::int64_t>(wanted["vectors"][0].size()));
  if (wanted.contains("query"))
    expect_vectors(embed(p, texts, embed_defaults(folder, {.prompt_name = "query"})), wanted["query"],
                   GetParam() + " query");
  // A saved copy computes the same vectors.
  models::save_model(*p.model, scratch / "again");
  const Loaded again = load_pretrained(scratch / "again", {.dtype = models::WeightType::kF32});
  expect_vectors(embed(again, texts, embed_defaults(scratch / "again")), wanted["vectors"], GetParam() + " saved");
}

INSTANTIATE_TEST_SUITE_P(Fixtures, Sentences,
                         ::testing::Values("cls", "all-modes", "old-spelling", "dense-norm", "dense-residual",
                                           "prompts", "lower-case"),
                         case_name);

TEST(EmbedDefaults, WhatIsAskedForTakesPrecedence) {
  Scratch scratch;
  EXPECT_THAT(embed_defaults(scratch.path()).modes, ::testing::ElementsAre(EmbedPooling::kMean));
  EXPECT_FALSE(embed_defaults(scratch.path()).unit);
  put(scratch / "1_Pooling" / "config.json", R"({"pooling_mode_cls_token": true, "pooling_mode_mean_tokens": false})");
  put(scratch / "sentence_bert_config.json", R"({"max_seq_length": 12})");
  std::filesystem::create_directories(scratch / "2_Normalize");
  put(scratch / "config_sentence_transformers.json", R"({"prompts": {"q": "ask: "}, "default_prompt_name": "q"})");
  const EmbedOptions options = embed_defaults(scratch.path());
  EXPECT_THAT(options.modes, ::testing::ElementsAre(EmbedPooling::kCls));
  EXPECT_EQ(options.max_length, 12);
  EXPECT_EQ(options.modules.size(), 1U);
  EXPECT_EQ(options.prompt, "ask: ");
  const EmbedOptions asked =
      embed_defaults(scratch.path(), {.pooling = EmbedPooling::kLast, .unit = false, .prompt = ""});
  EXPECT_THAT(asked.modes, ::testing::ElementsAre(EmbedPooling::kLast));
  EXPECT_TRUE(asked.modules.empty());
  EXPECT_EQ(asked.prompt, "");
  try {
    embed_defaults(scratch.path(), {.prompt_name = "passage"});
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInvalidArgument);
    EXPECT_THAT(error.what(), ::testing::HasSubstr("no prompt 'passage'; it has q"));
  }
  put(scratch / "1_Pooling" / "config.json", R"({"pooling_mode_cls_token": "yes"})");
  EXPECT_THAT(refusal([&] { embed_defaults(scratch.path()); }), ::testing::HasSubstr("pooling_mode_cls_token"));
}

// A text without tokens is named, the others are answered.
TEST(Embed, ATextWithoutTokensIsItsOwnError) {
  const Loaded p = tiny("gpt2/causal");  // its tokenizer adds nothing
  const std::vector<std::string> texts{"w5", "", "w6", "w7"};
  std::vector<std::size_t> answered, refused;
  embed_each(
      p, texts, {}, [&](std::size_t i, const std::vector<float>&) { answered.push_back(i); },
      [&](std::size_t i, const Error& why) {
        refused.push_back(i);
        EXPECT_THAT(why.what(), ::testing::HasSubstr("no tokens"));
      });
  EXPECT_THAT(answered, ::testing::ElementsAre(0, 2, 3));
  EXPECT_THAT(refused, ::testing::ElementsAre(1));
  EXPECT_THROW(embed(p, texts, {}), Error);
  const Loaded bert = tiny("bert/masked");  // adds [CLS] and [SEP]
  EXPECT_EQ(embed(bert, std::vector<std::string>{""}, {}).size(), 1U);
}

TEST(RealModel, MiniLMPutsWhatMeansTheSameCloseTogether) {
  const auto path = cached_model("all-MiniLM-L6-v2");
  LINNET_NEEDS(path);
  const Loaded p = load_pretrained(path, {.dtype = models::WeightType::kF32});
  const Json wanted = read_json(fixtures() / "real_models.json")["minilm"];
  EmbedOptions options = embed_defaults(path);
  options.unit = true;
  const auto vectors = embed(p, wanted["texts"].get<std::vector<std::string>>(), options);
  for (std::size_t a = 0; a < vectors.size(); ++a)
    for (std::size_t b = 0; b < vectors.size(); ++b) {
      double cosine = 0;
      for (std::size_t i = 0; i < vectors[a].size(); ++i) cosine += static_cast<double>(vectors[a][i]) * vectors[b][i];
      EXPECT_NEAR(cosine, wanted["cosines"][a][b].get<double>(), 1e-5) << a << ", " << b;
    }
}

}  // namespace
}  // namespace linnet::tasks
