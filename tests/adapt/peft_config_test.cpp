#include "linnet/adapt/peft_config.h"

#include <gmock/gmock.h>

#include "tests/scratch.h"

namespace linnet {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

PeftConfig parse(const Json& json) { return parse_peft_config(json, "adapter_config.json"); }
std::string refused(Json json, const Json& patch) {
  json.merge_patch(patch);
  return refusal([&] { parse(json); });
}
const Json kLora{{"peft_type", "LORA"}, {"r", 4}, {"lora_alpha", 6}, {"target_modules", {"q_proj", "v_proj"}}};
const Json kPrompt{{"peft_type", "PROMPT_TUNING"}, {"num_virtual_tokens", 3}};

TEST(PeftConfig, ReadsLora) {
  Json json = kLora;
  json.merge_patch({{"use_rslora", true},
                    {"task_type", "SEQ_CLS"},
                    {"modules_to_save", {"classifier"}},
                    {"fan_in_fan_out", true},
                    {"rank_pattern", {{"down_proj", 5}}},
                    {"alpha_pattern", {{"^layers.0.q_proj", 3.5}}},
                    {"lora_dropout", 0.1}});
  const PeftConfig c = parse(json);
  EXPECT_EQ(c.kind, AdapterKind::kLora);
  EXPECT_EQ(c.rank, 4);
  EXPECT_EQ(c.alpha, 6);
  EXPECT_EQ(c.dropout, 0.1);
  EXPECT_EQ(c.scale, LoraScale::kAlphaOverRootRank);
  EXPECT_THAT(c.targets, ElementsAre("q_proj", "v_proj"));
  EXPECT_THAT(c.saved_modules, ElementsAre("classifier"));
  EXPECT_TRUE(c.weights_in_out);
  EXPECT_EQ(pattern_value(c.rank_pattern, "model.layers.1.mlp.down_proj", std::int64_t{4}), 5);
  EXPECT_EQ(pattern_value(c.rank_pattern, "model.layers.1.mlp.slow_down_proj", std::int64_t{4}), 4);
  EXPECT_EQ(pattern_value(c.alpha_pattern, "layers.0.q_proj", 1.0), 3.5);
  EXPECT_EQ(pattern_value(c.alpha_pattern, "model.layers.0.q_proj", 1.0), 1.0);  // anchored
}

TEST(PeftConfig, DefaultsArePefts) {
  const PeftConfig c = parse({{"peft_type", "LORA"}});
  EXPECT_EQ(c.rank, 8);
  EXPECT_EQ(c.alpha, 8);
  EXPECT_EQ(c.dropout, 0);
  EXPECT_EQ(c.scale, LoraScale::kAlphaOverRank);
  EXPECT_THAT(parse({{"peft_type", "LORA"}, {"target_modules", "all-linear"}}).targets, ElementsAre("all-linear"));
}

TEST(PeftConfig, ReadsPromptsAndPrefixes) {
  Json json = kPrompt;
  json.merge_patch({{"prompt_tuning_init", "TEXT"}, {"prompt_tuning_init_text", "Is it good?"}, {"token_dim", 24}});
  const PeftConfig c = parse(json);
  EXPECT_EQ(c.kind, AdapterKind::kPromptTuning);
  EXPECT_EQ(c.virtual_tokens, 3);
  EXPECT_EQ(c.prompt_init, "TEXT");
  EXPECT_EQ(c.prompt_text, "Is it good?");
  const PeftConfig p = parse({{"peft_type", "PREFIX_TUNING"},
                              {"num_virtual_tokens", 2},
                              {"prefix_projection", true},
                              {"encoder_hidden_size", 7}});
  EXPECT_TRUE(p.projection);
  EXPECT_EQ(p.projection_hidden, 7);
}

TEST(PeftConfig, WhatWouldChangeTheNumbersIsRefusedByName) {
  EXPECT_THAT(refused(kLora, {{"use_dora", true}}), HasSubstr("use_dora is on"));
  EXPECT_THAT(refused(kLora, {{"use_qalora", true}}), HasSubstr("use_qalora"));
  EXPECT_THAT(refused(kLora, {{"alora_invocation_tokens", {1}}}), HasSubstr("alora_invocation_tokens"));
  EXPECT_THAT(refused(kLora, {{"trainable_token_indices", {5}}}), HasSubstr("trainable_token_indices"));
  EXPECT_THAT(refused(kLora, {{"bias", "some"}}), HasSubstr("bias is 'some'"));
  EXPECT_THAT(refused(kLora, {{"megatron_config", {{"tensor_model_parallel_size", 2}}}}), HasSubstr("megatron_config"));
  EXPECT_THAT(refused(kLora, {{"layers_to_transform", "all"}}), HasSubstr("layers_to_transform"));
  EXPECT_THAT(refused(kLora, {{"r", 0}}), HasSubstr("r is 0"));
  EXPECT_THAT(refused(kLora, {{"lora_dropout", 1.0}}), HasSubstr("lora_dropout is 1"));
  EXPECT_THAT(refused(kLora, {{"rank_pattern", {{"q_.*", 3}}}}), HasSubstr("regular expression 'q_.*'"));
  EXPECT_THAT(refused(kLora, {{"peft_type", "IA3"}}), HasSubstr("peft_type 'IA3' is not supported"));
  EXPECT_THAT(refused(kLora, {{"lora_alpha", "8"}}), HasSubstr("lora_alpha is no number"));
  EXPECT_THAT(refused(kLora, {{"target_modules", 3}}), HasSubstr("target_modules"));
  EXPECT_THAT(refused(kPrompt, {{"num_virtual_tokens", 0}}), HasSubstr("num_virtual_tokens is 0"));
  EXPECT_THAT(refused(kPrompt, {{"num_transformer_submodules", 3}}), HasSubstr("num_transformer_submodules is 3"));
  refusal([] { parse(Json::array()); });
  refusal([] { parse({{"r", 4}}); });
}

// Initialisations that subtract a part from the base's weights are rejected; others leave the base unchanged.
TEST(PeftConfig, StartsThatChangeTheBaseAreRefusedByName) {
  for (const char* start : {"pissa", "pissa_niter_4", "olora", "OLoRA", "corda", "loftq", "lora_ga", "some_new_one"})
    EXPECT_THAT(refused(kLora, {{"init_lora_weights", start}}),
                HasSubstr(std::string("init_lora_weights is '") + start + "'"));
  for (const Json& start :
       {Json(true), Json(false), Json(nullptr), Json("gaussian"), Json("eva"), Json("orthogonal"), Json("mica")}) {
    Json json = kLora;
    json["init_lora_weights"] = start;
    EXPECT_EQ(parse(json).rank, 4) << start.dump();
  }
}

// An unknown key is named, unless it is off.
TEST(PeftConfig, UnknownKeysAreNamed) {
  const auto said = [](const Json& patch) {
    Json json = kLora;
    json.merge_patch(patch);
    testing::internal::CaptureStderr();
    parse(json);
    return testing::internal::GetCapturedStderr();
  };
  EXPECT_THAT(said({{"use_newest_trick", true}}), HasSubstr("use_newest_trick is not known"));
  EXPECT_EQ(said({{"use_newest_trick", false}, {"peft_version", "0.21.2"}, {"qalora_group_size", 16}}), "");
}

TEST(PeftConfig, WhatIsReadIsWrittenWithItsMeaning) {
  Json json = kLora;
  json["target_modules"] = ".*q_proj";
  json["bias"] = "lora_only";
  json["layers_to_transform"] = {1, 3};
  json["rank_pattern"] = {{"z", 2}, {"a", 3}};
  const PeftConfig c = parse(json);
  EXPECT_TRUE(c.targets_are_pattern);
  EXPECT_EQ(c.bias, LoraBias::kTargets);
  EXPECT_THAT(c.layers_to_transform, ElementsAre(1, 3));
  EXPECT_EQ(pattern_value(c.rank_pattern, "z.a", std::int64_t{1}), 3);
  const Json out = to_json(c);
  EXPECT_EQ(out["target_modules"], ".*q_proj") << "a pattern stays one";
  EXPECT_EQ(out["bias"], "lora_only");
  EXPECT_EQ(out["rank_pattern"].dump(), R"({"z":2,"a":3})") << "in the file's order";
}

TEST(PeftConfig, UnknownKeysAreKeptWhenItIsWrittenAgain) {
  Json json = kLora;
  json["loftq_config"] = Json::object();
  json["use_dora"] = false;
  const Json out = to_json(parse(json));
  for (const auto& [key, value] : json.items()) EXPECT_EQ(out[key], value) << key;
  const PeftConfig again = parse(out);
  EXPECT_EQ(to_json(again), out);
  EXPECT_EQ(again.rank, 4);
}

// Otherwise its base or the folder's own weights would answer.
TEST(PeftConfig, AConfigurationThatIsALinkToNothingIsNotAnAbsentOne) {
  Scratch scratch;
  std::filesystem::create_symlink(scratch / "nothing", scratch / "adapter_config.json");
  EXPECT_THAT(refusal([&] { is_adapter_folder(scratch.path()); }), HasSubstr("is a link to nothing"));
  EXPECT_FALSE(is_adapter_folder("/dev/null"));
}

TEST(PeftConfig, AFolderIsAnAdapterByItsConfiguration) {
  Scratch scratch;
  EXPECT_FALSE(is_adapter_folder(scratch.path()));
  put(scratch / "adapter_config.json", "{}");
  EXPECT_TRUE(is_adapter_folder(scratch.path()));
  EXPECT_FALSE(is_adapter_folder(scratch / "adapter_config.json"));
  EXPECT_FALSE(is_adapter_folder(scratch / "none"));
}

}  // namespace
}  // namespace linnet
