#include "linnet/models/roles.h"

#include <gtest/gtest.h>

#include <map>

#include "linnet/models/loader.h"
#include "tests/models/fixture.h"
#include "tests/models/tiny_encoder_decoder.h"

namespace linnet::models {
namespace {

using nn::Part, nn::Role;

// The last name of a module, with the previous one if that decides the role.
const std::map<std::string, Role> kByName = {{"embeddings.tokens", Role::kTokenTable},
                                             {"embeddings.positions", Role::kPositionTable},
                                             {"embeddings.types", Role::kTypeTable},
                                             {"embeddings.norm", Role::kNorm},
                                             {"embeddings.projection", Role::kProjection},
                                             {"embeddings.token_projection", Role::kProjection},
                                             {"output_projection", Role::kProjection},
                                             {"distance_bias", Role::kDistanceTable},
                                             {"relative_positions.table", Role::kRelativeTable},
                                             {"relative_positions.norm", Role::kNorm},
                                             {"attention.position_query", Role::kQuery},
                                             {"attention.position_key", Role::kKey},
                                             {"attention_norm", Role::kNorm},
                                             {"cross_norm", Role::kNorm},
                                             {"ffn_norm", Role::kNorm},
                                             {"attention_output_norm", Role::kNorm},
                                             {"ffn_output_norm", Role::kNorm},
                                             {"final_norm", Role::kNorm},
                                             {"attention.query_norm", Role::kNorm},
                                             {"attention.key_norm", Role::kNorm},
                                             {"attention.query", Role::kQuery},
                                             {"cross_attention.query", Role::kQuery},
                                             {"attention.key", Role::kKey},
                                             {"cross_attention.key", Role::kKey},
                                             {"attention.value", Role::kValue},
                                             {"cross_attention.value", Role::kValue},
                                             {"attention.qkv", Role::kQkv},
                                             {"attention.output", Role::kAttentionOutput},
                                             {"cross_attention.output", Role::kAttentionOutput},
                                             {"ffn.gate", Role::kGate},
                                             {"ffn.up", Role::kUp},
                                             {"ffn.gate_up", Role::kGateUp},
                                             {"ffn.down", Role::kDown},
                                             {"pooler", Role::kPooler},
                                             {"head.transform", Role::kHeadTransform},
                                             {"head.norm", Role::kHeadNorm},
                                             {"head.output", Role::kOutput},
                                             {"head.next_sentence", Role::kNextSentence},
                                             {"head.dense", Role::kClassifierDense},
                                             {"head.classifier", Role::kClassifier},
                                             {"head.token_classifier", Role::kClassifier},
                                             {"head.spans", Role::kClassifier}};

std::optional<Role> by_name(const std::string& module) {
  for (const auto& [name, role] : kByName)
    if (module == name || module.ends_with("." + name)) return role;
  return std::nullopt;
}

class RolesOfFamilies : public ::testing::TestWithParam<std::string> {};

TEST_P(RolesOfFamilies, EveryParameterHasTheRightOne) {
  const auto model = load_model(fixtures() / GetParam());
  const Roles roles(model->config());
  const bool fixed = model->config().fixed_positions;
  for (const nn::Parameter& p : model->parameters()) {
    if (p.name == "head.output_bias") {
      EXPECT_EQ(p.role, Role::kOutput);
      EXPECT_EQ(p.part, Part::kBias);
    } else {
      const bool buffer = p.name == "head.output_offset" || (fixed && p.role == Role::kPositionTable);
      EXPECT_EQ(p.name == "head.output_offset" ? Role::kOutput : by_name(p.module()), p.role) << p.name;
      EXPECT_EQ(p.part, buffer ? Part::kBuffer : p.name.ends_with(".bias") ? Part::kBias : Part::kWeight) << p.name;
    }
    const bool layer = p.name.find("layers.") != p.name.npos;
    EXPECT_EQ(roles.of(p.name), layer ? std::nullopt : std::optional(p.role)) << p.name;
  }
}

INSTANTIATE_TEST_SUITE_P(Fixtures, RolesOfFamilies, ::testing::ValuesIn(fixture_cases("expected.safetensors")),
                         case_name);

// A causal model's loader reads the classifier of another file.
TEST(Roles, CoverTheHeadsOfEveryFamily) {
  for (const Family* family : all_families()) {
    nn::TransformerConfig c = tiny_config();
    c.stack = family->defaults.stack;
    c.token_types = 2;
    c.embedding_norm = c.embedding_projection = true;
    c.token_projection = c.stack == nn::Stack::kDecoder;
    c.distance_buckets = 32;
    c.relative_span = 8;
    c.relative_norm = true;
    c.distance_bias_per_layer = family->defaults.distance_bias_per_layer;
    const Roles roles(c);
    for (const NamePair& pair : family->names) {
      if (pair.ours.find("{}") != std::string_view::npos) continue;
      const auto module = roles.of(std::string(pair.ours) + ".weight"), role = module ? module : roles.of(pair.ours);
      ASSERT_TRUE(role) << pair.ours;
      EXPECT_EQ(nn::is_head(*role), pair.ours.starts_with("head.")) << pair.ours;
    }
  }
}

TEST(Roles, ReachBelowAModule) {
  const Roles roles(tiny_config());
  EXPECT_EQ(roles.of("head.output.lora_A.weight"), Role::kOutput);
  EXPECT_EQ(roles.of("encoder.embeddings.tokens.lora_embedding_A"), Role::kTokenTable);
  EXPECT_EQ(roles.of("head.output_bias"), Role::kOutput);
  EXPECT_EQ(roles.of("head"), std::nullopt);
  EXPECT_EQ(roles.of("head.outputs.weight"), std::nullopt);
  EXPECT_EQ(roles.of("layers.0.ffn.up.weight"), std::nullopt);
  EXPECT_EQ(roles.of(""), std::nullopt);
  EXPECT_EQ(roles.find("head.output.lora_A.weight"), nullptr);
  EXPECT_EQ(roles.find("head.classifier.weight")->part, Part::kWeight);
  EXPECT_EQ(roles.weight(Role::kTokenTable), "encoder.embeddings.tokens.weight");
  EXPECT_EQ(roles.module(Role::kOutput), "head.output");
}

}  // namespace
}  // namespace linnet::models
