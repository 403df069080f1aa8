#include <gmock/gmock.h>

#include "linnet/models/family.h"
#include "tests/models/fixture.h"
#include "tests/scratch.h"

namespace linnet::models {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Json fixture(const std::string& name) { return read_json(fixtures() / name / "config.json"); }

TransformerConfig read(const Json& json) {
  ConfigFields fields = ConfigFields::reader(json, "config.json");
  return read_config(fields, family_of(json, "config.json"));
}
std::string refused(Json json, const Json& patch) {
  json.merge_patch(patch);
  return refusal([&] { read(json); });
}

nlohmann::json unordered(const Json& json) { return nlohmann::json::parse(json.dump()); }

class Configs : public ::testing::TestWithParam<std::string> {};

// Writing to the JSON that was read changes nothing; writing to an empty object gives the same configuration.
TEST_P(Configs, WritingWhatWasReadChangesNothing) {
  const Json json = fixture(GetParam());
  const TransformerConfig config = read(json);
  Json patched = json, fresh;
  write_config(patched, family_of(json, ""), config);
  for (const auto& [key, value] : json.items())
    EXPECT_TRUE(value.is_null() || key == "legacy" || unordered(patched.value(key, Json())) == unordered(value)) << key;
  write_config(fresh, family_of(json, ""), config);
  const TransformerConfig again = read(fresh);
  Json second;
  write_config(second, family_of(json, ""), again);
  EXPECT_EQ(second, fresh);
  EXPECT_EQ(again.rope.kind, config.rope.kind);
  EXPECT_EQ(again.rope.factor, config.rope.factor);
  EXPECT_EQ(again.labels, config.labels);
  EXPECT_EQ(again.head, config.head);
}

INSTANTIATE_TEST_SUITE_P(Fixtures, Configs, ::testing::ValuesIn(fixture_cases("config.json")), case_name);

TEST(Config, OldSpellingsMeanTheSame) {
  for (const char* kind : {"rope-linear", "rope-dynamic", "rope-yarn", "rope-llama3", "rope-longrope", "rope-theta"}) {
    const TransformerConfig now = read(fixture(std::string("llama/") + kind)),
                            then = read(fixture(std::string("llama/") + kind + "-old"));
    EXPECT_EQ(now.rope.kind, then.rope.kind) << kind;
    EXPECT_EQ(now.rope.theta, then.rope.theta) << kind;
    EXPECT_EQ(now.rope.factor, then.rope.factor) << kind;
    EXPECT_EQ(now.rope.original_max_positions, then.rope.original_max_positions) << kind;
    EXPECT_EQ(now.rope.long_factor, then.rope.long_factor) << kind;
  }
}

TEST(Config, UnknownTypesAndArchitecturesAreAnsweredNearestFirst) {
  const Json llama = fixture("llama/causal");
  EXPECT_THAT(refused(llama, {{"model_type", "lama"}}),
              HasSubstr("model_type 'lama' is not supported; known are llama, "));
  EXPECT_THAT(refused(llama, {{"model_type", "x"}, {"auto_map", Json::object()}}), HasSubstr("auto_map"));
  EXPECT_THAT(refused(llama, {{"architectures", {"LlamaForSequenceClasification"}}}),
              HasSubstr("llama has LlamaForSequenceClassification, "));
  EXPECT_THAT(refused(llama, {{"model_type", 3}}), HasSubstr("model_type"));
  EXPECT_THAT(refused(llama, {{"quantization_config", {{"bits", 4}}}}), HasSubstr("quantization_config"));
  refusal([&] { family_of(Json::array(), "config.json"); });
}

TEST(Config, SizesThatCannotBeAreRefusedByName) {
  const Json llama = fixture("llama/causal");
  EXPECT_THAT(refused(llama, {{"hidden_size", 0}}), HasSubstr("hidden_size is 0, must be 1 to"));
  EXPECT_THAT(refused(llama, {{"vocab_size", -1}}), HasSubstr("vocab_size is -1"));
  EXPECT_THAT(refused(llama, {{"num_hidden_layers", 1e9}}), HasSubstr("num_hidden_layers"));
  EXPECT_THAT(refused(llama, {{"num_hidden_layers", 20000}}), HasSubstr("num_hidden_layers is 20000"));
  EXPECT_THAT(refused(llama, {{"num_key_value_heads", 3}}), HasSubstr("do not share 3 key-value heads"));
  EXPECT_THAT(refused(llama, {{"num_key_value_heads", 8}}), HasSubstr("key-value heads"));
  EXPECT_THAT(refused(llama, {{"head_dim", 5}}), HasSubstr("even head size"));
  EXPECT_THAT(refused(llama, {{"rms_norm_eps", 0}}), HasSubstr("epsilon"));
  EXPECT_THAT(refused(llama, {{"attention_dropout", 1.0}}), HasSubstr("dropout"));
  EXPECT_THAT(refused(fixture("granite/causal"), {{"logits_scaling", 0}}), HasSubstr("divisor of 0"));
  EXPECT_THAT(refused(fixture("granite/causal"), {{"residual_multiplier", -1.5}}),
              HasSubstr("multiplier or divisor of -1.5"));
  EXPECT_THAT(refused(llama, {{"hidden_act", "gleu"}}), HasSubstr("hidden_act 'gleu'"));
  EXPECT_THAT(refused(llama, {{"rope_parameters", {{"rope_type", "xpos"}}}}), HasSubstr("rope_type 'xpos'"));
  EXPECT_THAT(refused(llama, {{"rope_parameters", 5}}), HasSubstr("rope_parameters is not an object"));
  EXPECT_THAT(refused(fixture("gpt2/causal"), {{"n_head", 7}}), HasSubstr("7 heads do not divide hidden size 24"));
  EXPECT_THAT(refused(fixture("gpt2/causal"), {{"n_positions", 0}}), HasSubstr("n_positions is 0"));
}

TEST(Config, LabelsComeFromTheMapOrTheirNumber) {
  Json json = fixture("bert/classifier");
  EXPECT_THAT(read(json).labels, ElementsAre("red", "green", "blue"));
  json["id2label"] = {{"1", "b"}, {"0", "a"}};
  EXPECT_THAT(read(json).labels, ElementsAre("a", "b"));
  json.erase("id2label");
  EXPECT_THAT(read(json).labels, ElementsAre("LABEL_0", "LABEL_1"));
  json["num_labels"] = 3;
  EXPECT_THAT(read(json).labels, ElementsAre("LABEL_0", "LABEL_1", "LABEL_2"));
  EXPECT_THAT(refused(json, {{"id2label", {{"0", "a"}, {"7", "b"}}}}), HasSubstr("id2label has '7' among 2 labels"));
  EXPECT_THAT(refused(json, {{"id2label", {{"x", "a"}}}}), HasSubstr("id2label has 'x'"));
  EXPECT_THAT(refused(json, {{"id2label", {"a"}}}), HasSubstr("id2label is not an object"));
  EXPECT_THAT(refused(json, {{"num_labels", 0}}), HasSubstr("num_labels is 0"));
}

TEST(Config, EndTokensMayBeSeveral) {
  Json json = fixture("llama/causal");
  EXPECT_THAT(read(json).eos_ids, ElementsAre(2));
  json["eos_token_id"] = {2, 7};
  EXPECT_THAT(read(json).eos_ids, ElementsAre(2, 7));
  Json out;
  write_config(out, family_of(json, ""), read(json));
  EXPECT_EQ(out["eos_token_id"], (Json{2, 7}));
}

TEST(Config, AnUntrainedHeadIsWrittenDown) {
  Json json = fixture("bert/classifier");
  TransformerConfig c = read(json);
  EXPECT_TRUE(c.head_trained);
  c.head_trained = false;
  c.classifier = ClassifierKind::kMlp;
  write_config(json, family_of(json, ""), c);
  EXPECT_FALSE(read(json).head_trained);
  EXPECT_EQ(read(json).classifier, ClassifierKind::kMlp);
  EXPECT_THAT(refused(json, {{"linnet", {{"head_trained", "no"}}}}), HasSubstr("head_trained"));
  EXPECT_THAT(refused(json, {{"linnet", {{"classifier", "cnn"}}}}), HasSubstr("classifier 'cnn'"));
  c.head_trained = true;
  write_config(json, family_of(json, ""), c);
  EXPECT_TRUE(read(json).head_trained);
}

// Families whose classifier has two layers write another one.
TEST(Config, TheUsualClassifierOfTheFamilyIsNotWrittenDown) {
  for (const char* folder : {"roberta/classifier", "distilbert/classifier", "electra/classifier"}) {
    Json json = fixture(folder);
    TransformerConfig c = read(json);
    EXPECT_EQ(c.classifier, ClassifierKind::kMlp) << folder;
    write_config(json, family_of(json, ""), c);
    EXPECT_FALSE(json.contains("linnet")) << folder;
    c.classifier = ClassifierKind::kLinear;
    write_config(json, family_of(json, ""), c);
    EXPECT_EQ(read(json).classifier, ClassifierKind::kLinear) << folder;
  }
  EXPECT_EQ(read(fixture("roberta/tokens")).classifier, ClassifierKind::kLinear);
}

TEST(Config, DropoutsAreThoseOfTheHead) {
  Json json = fixture("distilbert/classifier");
  json["dropout"] = 0.25, json["qa_dropout"] = 0.5, json["seq_classif_dropout"] = 0.125;
  TransformerConfig c = read(json);
  EXPECT_EQ(c.embedding_dropout, 0.25);
  EXPECT_EQ(c.token_dropout, 0.25);
  EXPECT_EQ(c.question_dropout, 0.5);
  EXPECT_EQ(c.classifier_dropout, 0.125);
  json = fixture("roberta/tokens");
  json["hidden_dropout_prob"] = 0.25;
  EXPECT_EQ(read(json).token_dropout, 0.25);
  json["classifier_dropout"] = 0.5;
  c = read(json);
  EXPECT_EQ(c.token_dropout, 0.5);
  EXPECT_EQ(c.question_dropout, 0);
}

TEST(Config, ATableWithoutRowsBehindPaddingIsRefused) {
  Json json = fixture("roberta/trunk");
  EXPECT_EQ(read(json).max_positions, 38);
  EXPECT_THAT(refused(json, {{"pad_token_id", 39}}), HasSubstr("the number of positions is 0"));
  EXPECT_THAT(refused(fixture("electra/trunk"), {{"embedding_size", 0}}), HasSubstr("embedding_size is 0"));
}

// Transformers has one pooling per family; only another one is written.
TEST(Config, WhatAClassifierReadsIsWrittenWhereItIsNotTheFamilys) {
  for (const auto& [folder, usual] :
       {std::pair("bert/classifier", Pooling::kFirst), std::pair("llama/classifier", Pooling::kLast)}) {
    Json json = fixture(folder);
    TransformerConfig c = read(json);
    EXPECT_EQ(c.pooling, usual);
    write_config(json, family_of(json, ""), c);
    EXPECT_FALSE(json.contains("linnet")) << folder;
    for (const Pooling other : {Pooling::kMean, Pooling::kMax}) {
      c.pooling = other;
      write_config(json, family_of(json, ""), c);
      EXPECT_EQ(read(json).pooling, other) << folder;
    }
    EXPECT_THAT(refused(json, {{"linnet", {{"pooling", "median"}}}}), HasSubstr("pooling 'median'"));
  }
}

// Names that are numbers, in Python's notation.
TEST(Config, LabelNamesMayBeNumbers) {
  Json json = fixture("bert/classifier");
  json["id2label"] = {{"0", 1}, {"1", 2}, {"2", -3}};
  EXPECT_THAT(read(json).labels, ElementsAre("1", "2", "-3"));
  json["id2label"] = {{"0", 0.5}, {"1", true}, {"2", "x"}};
  EXPECT_THAT(read(json).labels, ElementsAre("0.5", "True", "x"));
  EXPECT_THAT(refused(json, {{"id2label", {{"0", {"a"}}, {"1", "b"}, {"2", "c"}}}}),
              HasSubstr("id2label has the name"));
}

// A num_labels that differs from the names takes precedence, as in Transformers.
TEST(Config, TheNumberOfLabelsTakesPrecedenceOverTheNames) {
  Json json = fixture("bert/classifier");
  for (const int count : {2, 5}) {
    json["num_labels"] = count;
    testing::internal::CaptureStderr();
    EXPECT_EQ(read(json).labels.size(), static_cast<std::size_t>(count));
    EXPECT_EQ(read(json).labels.front(), "LABEL_0");
    EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("id2label has 3 names and num_labels is"));
  }
}

// Fields out of range are rejected by name.
TEST(Config, EveryFieldHasARange) {
  const Json llama = fixture("llama/causal");
  const auto rope = [&](const Json& scaling) { return refused(llama, {{"rope_scaling", scaling}}); };
  EXPECT_THAT(refused(llama, {{"max_position_embeddings", 0}}), HasSubstr("max_position_embeddings is 0, must be 1"));
  EXPECT_THAT(refused(llama, {{"num_key_value_heads", 0}}), HasSubstr("num_key_value_heads is 0"));
  EXPECT_THAT(refused(llama, {{"head_dim", -4}}), HasSubstr("head_dim is -4"));
  EXPECT_THAT(refused(llama, {{"pad_token_id", -2}}), HasSubstr("pad_token_id is -2"));
  EXPECT_THAT(refused(llama, {{"eos_token_id", {1, 4294967296}}}), HasSubstr("eos_token_id has 4294967296"));
  EXPECT_THAT(refused(llama, {{"initializer_range", -0.1}}), HasSubstr("initializer_range is -0.1"));
  EXPECT_THAT(refused(llama, {{"torch_dtype", "float7"}}), HasSubstr("torch_dtype 'float7'"));
  EXPECT_THAT(refused(llama, {{"dtype", 16}}), HasSubstr("dtype"));
  EXPECT_NO_THROW(read([&] {
    Json json = llama;
    json["torch_dtype"] = "torch.bfloat16";
    return json;
  }()));
  EXPECT_THAT(refused(fixture("gpt2/causal"), {{"n_inner", 0}}), HasSubstr("n_inner is 0"));
  EXPECT_THAT(rope({{"type", "linear"}}), HasSubstr("rope_scaling: rope_type 'linear' needs factor"));
  EXPECT_THAT(rope({{"rope_type", "dynamic"}}), HasSubstr("'dynamic' needs factor"));
  EXPECT_THAT(rope({{"rope_type", "yarn"}, {"factor", nullptr}}), HasSubstr("'yarn' needs factor"));
  EXPECT_THAT(rope({{"rope_type", "longrope"}, {"short_factor", {1.0, 1.0}}}), HasSubstr("needs long_factor"));
  EXPECT_THAT(rope({{"rope_type", "llama3"}, {"factor", 8}, {"low_freq_factor", 1}, {"high_freq_factor", 4}}),
              HasSubstr("needs original_max_position_embeddings"));
  EXPECT_THAT(rope({{"factor", 2.0}}), HasSubstr("a factor and no rope_type"));
  EXPECT_THAT(rope({{"rope_type", "llama3"},
                    {"factor", 8},
                    {"low_freq_factor", 4},
                    {"high_freq_factor", 4},
                    {"original_max_position_embeddings", 64}}),
              HasSubstr("low_freq_factor is not below"));
  EXPECT_THAT(rope({{"rope_type", "longrope"}, {"short_factor", {1, -1}}, {"long_factor", {1, 1}}}),
              HasSubstr("factor is -1"));
}

// Two names of one field with different values.
TEST(Config, SpellingsThatDisagreeAreRefused) {
  EXPECT_THAT(refused(fixture("gpt2/causal"), {{"num_hidden_layers", 1}, {"n_layer", 2}}),
              HasSubstr("n_layer is 2 and num_hidden_layers is 1"));
  Json same = fixture("gpt2/causal");
  same["num_hidden_layers"] = same["n_layer"];
  EXPECT_NO_THROW(read(same));
}

}  // namespace
}  // namespace linnet::models
