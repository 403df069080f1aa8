#include "linnet/models/unused_fields.h"

#include <gmock/gmock.h>

#include "tests/models/fixture.h"
#include "tests/scratch.h"

namespace linnet::models {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

Json config_of(const char* fixture, const Json& patch) {
  Json json = read_json(fixtures() / fixture / "config.json");
  for (const auto& [key, value] : patch.items()) json[key] = value;
  return json;
}
void read_fields(const Json& json) {
  ConfigFields fields = ConfigFields::reader(json, "config.json");
  const Family& family = family_of(json, "config.json");
  read_config(fields, family);
  warn_unknown_fields(fields, family);
}
std::string said(const Json& json) {
  testing::internal::CaptureStderr();
  read_fields(json);
  return testing::internal::GetCapturedStderr();
}

// A field that affects results and is not implemented is rejected by name; values that disable it are accepted.
TEST(UnusedFields, WhatChangesNumbersIsRefusedByName) {
  struct Case {
    const char *fixture, *field;
    Json on, off;
  };
  const Case cases[] = {{"llama/causal", "sliding_window", 16, nullptr},
                        {"llama/causal", "logit_scale", 0.5, 1.0},
                        {"qwen2/causal", "layer_types", Json::array({"full_attention", "chunked_attention"}),
                         Json::array({"full_attention", "full_attention"})},
                        {"roberta/trunk", "position_embedding_type", "relative_key", "absolute"},
                        {"roberta/trunk", "is_decoder", true, false},
                        {"distilbert/trunk", "embedding_size", 16, nullptr},
                        {"electra/trunk", "is_decoder", true, false},
                        {"mpnet/trunk", "relative_attention_num_buckets", 16, 32},
                        {"albert/trunk", "inner_group_num", 2, 1},
                        {"electra/trunk", "position_embedding_type", "relative_key", "absolute"},
                        {"llama/causal", "attn_logit_softcapping", 50.0, nullptr},
                        {"llama/causal", "final_logit_softcapping", 30.0, nullptr},
                        {"llama/causal", "residual_multiplier", 0.22, 1},
                        {"llama/causal", "embedding_multiplier", 12, 1.0},
                        {"llama/causal", "layer_types", Json::array({"full_attention", "sliding_attention"}),
                         Json::array({"full_attention", "full_attention"})},
                        {"llama/causal", "num_local_experts", 8, 1},
                        {"llama/causal", "rope_interleaved", true, false},
                        {"gpt2/causal", "add_cross_attention", true, false},
                        {"gpt2/causal", "partial_rotary_factor", 0.5, 1.0},
                        {"bloom/causal", "skip_bias_add_qkv", true, false},
                        {"bert/classifier", "is_decoder", true, false},
                        {"bert/classifier", "position_embedding_type", "relative_key", "absolute"},
                        {"bert/classifier", "pruned_heads", Json{{"1", {0, 2}}}, Json::object()}};
  for (const auto& [fixture, field, on, off] : cases) {
    EXPECT_THAT(refusal([&, &name = fixture, &key = field, &value = on] {
                  read_fields(config_of(name, {{key, value}}));
                }),
                AllOf(HasSubstr(field), HasSubstr("is not supported")));
    EXPECT_EQ(said(config_of(fixture, {{field, off}})), "") << field;
  }
}

TEST(UnusedFields, AWindowAsLongAsTheContextIsNone) {
  EXPECT_EQ(said(config_of("llama/causal", {{"sliding_window", 1'000'000}})), "");
  EXPECT_EQ(said(config_of("llama/causal", {{"sliding_window", 4}, {"use_sliding_window", false}})), "");
}

// An unknown field is named in a warning.
TEST(UnusedFields, UnknownOnesAreNamed) {
  const std::string warning = said(config_of("gpt2/causal", {{"qk_twist", 3}, {"_name_or_path", "x"}, {"n_ctx", 64}}));
  EXPECT_THAT(warning, AllOf(HasSubstr("qk_twist"), Not(HasSubstr("n_ctx")), Not(HasSubstr("_name_or_path"))));
  EXPECT_THAT(
      said(config_of("llama/causal", {{"rope_scaling", {{"rope_type", "linear"}, {"factor", 2.0}, {"bend", 1}}}})),
      HasSubstr("rope_scaling.bend"));
  Json many = config_of("bert/classifier", Json::object());
  for (int i = 0; i < 20; ++i) many[fmt::format("own{}", i)] = i;
  EXPECT_THAT(said(many), HasSubstr("and 12 more"));
}

// Fields of configurations on the Hub: notes of other programs and of older Transformers, and null values.
TEST(UnusedFields, WhatOtherProgramsLeaveIsNotWarnedOf) {
  EXPECT_EQ(said(config_of("llama/causal", {{"unsloth_version", "2025.1.5"}, {"unsloth_fixed", true}})), "");
  EXPECT_EQ(said(config_of("bert/classifier",
                           {{"sbert_ce_default_activation_function", "torch.nn.Identity"},
                            {"eos_token_ids", 0},
                            {"xla_device", nullptr},
                            {"embedding_size", config_of("bert/classifier", Json::object()).at("hidden_size")}})),
            "");
  EXPECT_THAT(refusal([] {
                read_fields(config_of("bert/classifier", {{"embedding_size", 3}}));
              }),
              HasSubstr("embedding_size is 3"));
}

// Fields that Transformers writes for real models must not give warnings.
TEST(UnusedFields, WhatTransformersWritesIsKnown) {
  for (const std::string& name : fixture_cases("config.json"))
    EXPECT_EQ(said(read_json(fixtures() / name / "config.json")), "") << name;
}

TEST(UnusedFields, OfGgufMetadataToo) {
  const auto refused = [](const char* key, const Json& value, const char* type = "llama") {
    const Json metadata{
        {"model_type", type},        {"vocab_size", 8},          {"embedding_length", 8}, {"block_count", 1},
        {"attention.head_count", 2}, {"feed_forward_length", 8}, {"context_length", 32},  {key, value}};
    ConfigFields fields = ConfigFields::gguf_reader(metadata, "m.gguf");
    read_config(fields, family_of(metadata, "m.gguf"));
  };
  EXPECT_THAT(refusal([&] { refused("attention.sliding_window", 16); }), HasSubstr("attention.sliding_window is 16"));
  EXPECT_THAT(refusal([&] { refused("logit_scale", 0.25); }), HasSubstr("logit_scale"));
  EXPECT_NO_THROW(refused("logit_scale", 1.0));
  // Granite's switch of rotary positions.
  EXPECT_THAT(refusal([&] { refused("rope.scaling.finetuned", false, "granite"); }), HasSubstr("finetuned is false"));
  EXPECT_NO_THROW(refused("rope.scaling.finetuned", true, "granite"));
  EXPECT_NO_THROW(refused("rope.scaling.finetuned", false));
}

}  // namespace
}  // namespace linnet::models
