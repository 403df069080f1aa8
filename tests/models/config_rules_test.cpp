#include "linnet/models/config_rules.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "linnet/models/family.h"

namespace linnet::models {
namespace {

// Results of a rule for a file's fields, and the fields that it writes from them.
struct Walked {
  TransformerConfig config;
  Json written = Json::object();
};

Walked walk(Field::Rule which, const Json& json, TransformerConfig config = {}) {
  Walked result{std::move(config)};
  ConfigFields reader = ConfigFields::reader(json, "config.json");
  which(reader, result.config);
  TransformerConfig copy = result.config;
  ConfigFields writer = ConfigFields::writer(result.written);
  which(writer, copy);
  return result;
}

TEST(Rules, AFeedForwardWithoutASizeHasFourTimesTheHidden) {
  EXPECT_EQ(walk(rules::ffn_is_four_times_hidden, {}, {.hidden = 6}).config.ffn, 24);
  EXPECT_EQ(walk(rules::ffn_is_four_times_hidden, {}, {.hidden = 6, .ffn = 7}).config.ffn, 7);
}

TEST(Rules, OneFieldGivesSeveralMembers) {
  const TransformerConfig c{.attention_bias = false, .hidden_dropout = 0.25};
  EXPECT_EQ(walk(rules::embedding_dropout_is_hidden, {}, c).config.embedding_dropout, 0.25);
  EXPECT_EQ(walk(rules::classifier_dropout_is_hidden, {}, c).config.classifier_dropout, 0.25);
  EXPECT_FALSE(walk(rules::output_bias_is_attention_bias, {}, c).config.attention_output_bias);
  EXPECT_FALSE(walk(rules::every_bias_is_attention_bias, {}, c).config.ffn_bias);
  EXPECT_EQ(walk(rules::token_dropout_is_hidden, {}, c).config.token_dropout, 0.25);
  EXPECT_EQ(walk(rules::token_dropout_is_classifier, {}, {.classifier_dropout = 0.5}).config.token_dropout, 0.5);
}

TEST(Rules, CapsMayBeNull) {
  const TransformerConfig usual{.attention_softcap = 50, .output_softcap = 30};
  const Json off = {{"attn_logit_softcapping", nullptr}}, on = {{"final_logit_softcapping", 4.0}};
  EXPECT_EQ(walk(rules::attention_softcap, off, usual).config.attention_softcap, 0);
  EXPECT_EQ(walk(rules::attention_softcap, off, usual).written, off);
  EXPECT_EQ(walk(rules::output_softcap, on, usual).config.output_softcap, 4);
  EXPECT_EQ(walk(rules::output_softcap, on, usual).written, on);
  EXPECT_EQ(walk(rules::attention_softcap, Json::object(), usual).config.attention_softcap, 50);
  EXPECT_THROW(walk(rules::output_softcap, {{"final_logit_softcapping", -1.0}}, usual), Error);
}

TEST(Rules, ScalesOfTheFamilyOfGemma) {
  EXPECT_EQ(walk(rules::embedding_scale_is_root, {}, {.hidden = 9}).config.embedding_scale, 3);
  EXPECT_EQ(walk(rules::gelu_is_tanh, {}, {.activation = Activation::kGelu}).config.activation, Activation::kGeluTanh);
  const Json json = {{"query_pre_attn_scalar", 144}};
  const Walked walked = walk(rules::attention_scale_of_dim, json);
  EXPECT_EQ(walked.config.attention_scale_dim, 144);
  EXPECT_EQ(walked.written, json);
}

TEST(Rules, AWholeRotationIsWrittenWhereAPartIsUsual) {
  TransformerConfig c;
  c.rope.partial = 1;
  EXPECT_EQ(walk(rules::partial_is_written, Json::object(), c).written, (Json{{"partial_rotary_factor", 1.0}}));
  Json object = {{"rope_parameters", {{"rope_type", "default"}}}};
  const Json before = object;
  ConfigFields writer = ConfigFields::writer(object);
  rules::partial_is_written(writer, c);
  EXPECT_EQ(object, before);
}

// In a GGUF file without one, scores are divided by the root of the head size.
TEST(Rules, AnAttentionMultiplierIsAllOfTheScale) {
  const Json json = {{"attention_multiplier", 0.3}};
  EXPECT_EQ(walk(rules::attention_multiplier, json).config.attention_multiplier, 0.3);
  EXPECT_EQ(walk(rules::attention_multiplier, json).written, json);
  EXPECT_EQ(walk(rules::attention_multiplier, Json::object(), {.hidden = 64, .heads = 4}).config.attention_multiplier,
            1);
  const auto of_gguf = [](Json metadata, TransformerConfig c) {
    ConfigFields reader = ConfigFields::gguf_reader(metadata, "m.gguf");
    rules::attention_multiplier(reader, c);
    return c.attention_multiplier;
  };
  EXPECT_EQ(of_gguf(Json::object(), {.hidden = 64, .heads = 4}), 0.25);
  EXPECT_EQ(of_gguf(Json::object(), {.hidden = 64, .heads = 4, .head_dim = 64}), 0.125);
  EXPECT_EQ(of_gguf({{"attention.scale", 0.5}}, {.hidden = 64, .heads = 4}), 0.5);
}

TEST(Rules, LayersWithAWindowMayHaveTheirOwnRope) {
  TransformerConfig usual{.window_rope = Rope()};
  usual.rope.theta = 500;
  const Json old = {{"rope_theta", 100.0},
                    {"rope_local_base_freq", 20.0},
                    {"rope_scaling", {{"rope_type", "linear"}, {"factor", 8.0}}}};
  const Json nested = {{"rope_parameters",
                        {{"full_attention", {{"rope_type", "linear"}, {"factor", 8.0}, {"rope_theta", 100.0}}},
                         {"sliding_attention", {{"rope_type", "default"}, {"rope_theta", 20.0}}}}}};
  for (const Json& json : {old, nested}) {
    const TransformerConfig c = walk(rules::global_and_local_rope, json, usual).config;
    EXPECT_EQ(c.rope.theta, 100);
    EXPECT_EQ(c.rope.factor, 8);
    EXPECT_EQ(c.rope.kind, RopeKind::kLinear);
    EXPECT_EQ(c.window_rope->theta, 20);
    EXPECT_EQ(c.window_rope->kind, RopeKind::kDefault);
  }
  const TransformerConfig absent = walk(rules::global_and_local_rope, Json::object(), usual).config;
  EXPECT_EQ(absent.rope.theta, 500);
  EXPECT_EQ(absent.window_rope->theta, 10000);
  EXPECT_EQ(walk(rules::global_and_local_rope, old, usual).written["rope_local_base_freq"], 20.0);
  EXPECT_THROW(walk(rules::global_and_local_rope, {{"rope_parameters", {{"rope_theta", 1.0}}}}, usual), Error);
}

TEST(Rules, GlobalAndLocalThetas) {
  TransformerConfig usual{.window_rope = Rope()};
  const Json json = {{"global_rope_theta", 300.0}, {"local_rope_theta", 20.0}};
  const Walked walked = walk(rules::global_and_local_theta, json, usual);
  EXPECT_EQ(walked.config.rope.theta, 300);
  EXPECT_EQ(walked.config.window_rope->theta, 20);
  EXPECT_EQ(walked.written, json);
  const Json scaled = {{"rope_scaling", {{"rope_type", "linear"}, {"factor", 2.0}}}};
  EXPECT_EQ(walk(rules::global_and_local_theta, scaled, usual).config.window_rope->factor, 2);
}

TEST(Rules, HeadsOfModernBert) {
  EXPECT_EQ(walk(rules::classifier_pooling, {{"classifier_pooling", "mean"}}).config.pooling, Pooling::kMean);
  EXPECT_THROW(walk(rules::classifier_pooling, {{"classifier_pooling", "max"}}), Error);
  const TransformerConfig c{
      .classifier_activation = Activation::kRelu, .attention_dropout = 0.25, .classifier_dropout = 0.5};
  EXPECT_EQ(walk(rules::transform_has_classifier_activation, {}, c).config.transform_activation, Activation::kRelu);
  EXPECT_EQ(walk(rules::hidden_dropout_is_attention, {}, c).config.hidden_dropout, 0.25);
  EXPECT_EQ(walk(rules::question_dropout_is_classifier, {}, c).config.question_dropout, 0.5);
}

TEST(Rules, PositionsBeginBehindTheRowOfPadding) {
  const Json json = {{"pad_token_id", 3}, {"max_position_embeddings", 20}};
  const Walked walked = walk(rules::positions_after_padding, json, {.pad_id = 1});
  EXPECT_EQ(walked.config.pad_id, 3);
  EXPECT_EQ(walked.config.position_offset, 4);
  EXPECT_EQ(walked.config.max_positions, 16);
  EXPECT_EQ(walked.written, json);
  EXPECT_EQ(walk(rules::positions_after_padding, {{"max_position_embeddings", 20}}, {.pad_id = 1}).config.max_positions,
            18);
}

TEST(Rules, PositionsBeginBehindAFixedNumberOfRows) {
  const Json json = {{"max_position_embeddings", 20}};
  const Walked walked = walk(rules::positions_after_offset, json, {.position_offset = 2});
  EXPECT_EQ(walked.config.max_positions, 18);
  EXPECT_EQ(walked.written, json);
}

TEST(Rules, TablesOfTheLayersWidthHaveNoProjection) {
  EXPECT_FALSE(walk(rules::projection_if_widths_differ, {}, {.hidden = 6}).config.embedding_projection);
  EXPECT_FALSE(
      walk(rules::projection_if_widths_differ, {}, {.hidden = 6, .embedding_size = 6}).config.embedding_projection);
  EXPECT_TRUE(
      walk(rules::projection_if_widths_differ, {}, {.hidden = 6, .embedding_size = 4}).config.embedding_projection);
}

TEST(Rules, TokensOfTheLayersWidthHaveNoProjection) {
  const auto projected = [](std::int64_t width) {
    const Walked walked =
        walk(rules::token_projection_if_widths_differ, {{"word_embed_proj_dim", width}}, {.hidden = 6});
    EXPECT_EQ(walked.written["word_embed_proj_dim"], width);
    return walked.config;
  };
  EXPECT_EQ(walk(rules::token_projection_if_widths_differ, {}, {.hidden = 6}).config.embedding_size, 6);
  EXPECT_FALSE(projected(6).token_projection);
  EXPECT_TRUE(projected(4).token_projection);
  EXPECT_EQ(projected(4).output_width(), 4);
}

TEST(Rules, NormsBeforeTheirPartsHaveALastOne) {
  const auto read = [](bool before, bool removed) {
    const Json json = {{"do_layer_norm_before", before}, {"_remove_final_layer_norm", removed}};
    const Walked walked = walk(rules::norms_before, json);
    EXPECT_EQ(walked.written["do_layer_norm_before"], before);
    EXPECT_EQ(walked.written["_remove_final_layer_norm"], before && removed);
    return walked.config;
  };
  EXPECT_EQ(read(true, false).norm_place, NormPlace::kBefore);
  EXPECT_TRUE(read(true, false).final_norm);
  EXPECT_FALSE(read(true, true).final_norm);
  EXPECT_EQ(read(false, false).norm_place, NormPlace::kAfter);
  EXPECT_FALSE(read(false, false).final_norm);
}

TEST(Rules, PartsInParallelAreAFlag) {
  for (const bool parallel : {false, true}) {
    const Json json = {{"use_parallel_residual", parallel}};
    const Walked walked = walk(rules::parallel_residual, json);
    EXPECT_EQ(walked.config.residual, parallel ? Residual::kParallel : Residual::kInput);
    EXPECT_EQ(walked.written, json);
  }
}

TEST(Rules, AFractionOfAHeadTurns) {
  const Json json = {{"rotary_emb_base", 500.0}, {"rotary_pct", 0.25}};
  const Walked walked = walk(rules::rotary_fraction, json);
  EXPECT_EQ(walked.config.rope.theta, 500);
  EXPECT_EQ(walked.config.rope.partial, 0.25);
  EXPECT_EQ(walked.written, json);
}

TEST(Rules, LongRopeMayBeTheOnlyScaling) {
  TransformerConfig c;
  for (const RopeKind kind : {RopeKind::kDefault, RopeKind::kLongRope}) {
    c.rope.kind = kind;
    EXPECT_NO_THROW(walk(rules::long_rope_or_none, {}, c));
  }
  c.rope.kind = RopeKind::kYarn;
  EXPECT_THROW(walk(rules::long_rope_or_none, {}, c), Error);
  c.rope.kind = RopeKind::kLlama3;
  EXPECT_TRUE(rules::divides_by_constants(c.rope));
}

TEST(Rules, TheResidualIsAFlag) {
  for (const bool normed : {false, true}) {
    const Json json = {{"apply_residual_connection_post_layernorm", normed}};
    const Walked walked = walk(rules::residual, json);
    EXPECT_EQ(walked.config.residual, normed ? Residual::kNormed : Residual::kInput);
    EXPECT_EQ(walked.written, json);
  }
}

TEST(Rules, TheScaleOfAttentionIsTwoFlags) {
  using nn::AttentionScale;
  const std::tuple<bool, bool, AttentionScale> cases[] = {{true, false, AttentionScale::kHeadDim},
                                                          {false, false, AttentionScale::kNone},
                                                          {true, true, AttentionScale::kHeadDimAndLayer},
                                                          {false, true, AttentionScale::kLayer}};
  for (const auto& [by_head, by_layer, scale] : cases) {
    const Json json = {{"scale_attn_weights", by_head}, {"scale_attn_by_inverse_layer_idx", by_layer}};
    const Walked walked = walk(rules::attention_scale, json);
    EXPECT_EQ(walked.config.attention_scale, scale);
    EXPECT_EQ(walked.written, json);
  }
  EXPECT_EQ(walk(rules::attention_scale, Json::object()).config.attention_scale, AttentionScale::kHeadDim);
}

TEST(Rules, RotaryScalingIsReadFromWhereItIsWritten) {
  const Json json = {{"rope_theta", 5000.0}, {"rope_scaling", {{"rope_type", "linear"}, {"factor", 4.0}}}};
  const Walked walked = walk(rules::rope, json);
  EXPECT_EQ(walked.config.rope.kind, RopeKind::kLinear);
  EXPECT_EQ(walked.config.rope.factor, 4);
  const Walked again = walk(rules::rope, walked.written);
  EXPECT_EQ(again.config.rope.kind, RopeKind::kLinear);
  EXPECT_EQ(again.config.rope.factor, 4);
  EXPECT_EQ(again.config.rope.theta, 5000);
}

// Every row of every family, written and read again, in both file formats.
TEST(Fields, OfEveryFamilyGoThereAndBack) {
  for (const Family* family : all_families())
    for (const bool gguf : {false, true}) {
      if (gguf && !has_gguf(*family)) continue;
      TransformerConfig c = family->defaults;
      c.vocab = 11, c.hidden = 8, c.layers = c.decoder_layers = 3, c.heads = c.kv_heads = 2, c.head_dim = 4, c.ffn = 5;
      c.max_positions = 64;
      if (c.pad_id >= 0) c.position_offset = c.pad_id + 1;
      const bool has_eps = std::ranges::any_of(family->fields, [](const Field& row) {
        const auto* number = std::get_if<double TransformerConfig::*>(&row.what);
        return number != nullptr && *number == &TransformerConfig::norm_eps;
      });
      if (has_eps) c.norm_eps = 0.25;
      Json json = Json::object();
      ConfigFields writer = gguf ? ConfigFields::gguf_writer(json, "f") : ConfigFields::writer(json);
      walk_fields(writer, *family, c);
      for (const Field& row : family->fields) {
        const char* name = gguf ? row.key.gguf : row.key.name;
        EXPECT_EQ(name != nullptr && row.use == Field::Use::kBoth && json.is_object() && !json.contains(name), false)
            << family->model_type << ' ' << name;
      }
      TransformerConfig back = family->defaults;
      ConfigFields reader = gguf ? ConfigFields::gguf_reader(json, "f") : ConfigFields::reader(json, "f");
      walk_fields(reader, *family, back);
      EXPECT_EQ(back.hidden, c.hidden) << family->model_type;
      EXPECT_EQ(back.layers, c.layers);
      EXPECT_EQ(back.heads, c.heads);
      EXPECT_EQ(back.norm_eps, c.norm_eps);
      if (c.positions == Positions::kLearned) {
        EXPECT_EQ(back.max_positions, c.max_positions);
      }
    }
}

}  // namespace
}  // namespace linnet::models
