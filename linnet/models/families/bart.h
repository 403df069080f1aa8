// Tables of encoder-decoders with BART's layers: layer norms, biases everywhere, positions by number, constants added
// to the logits. The families differ in the place of the norms and in the positions.
#pragma once

#include <array>

#include "linnet/models/family.h"

namespace linnet::models::families {

inline constexpr Field kBartFields[] = {
    {{"vocab_size"}, &TransformerConfig::vocab},
    {{"d_model", "hidden_size"}, &TransformerConfig::hidden},
    {{"encoder_layers", "num_hidden_layers"}, &TransformerConfig::layers},
    {{"decoder_layers"}, &TransformerConfig::decoder_layers},
    rule(rules::decoder_layers_are_layers),
    {{"encoder_attention_heads", "num_attention_heads"}, &TransformerConfig::heads},
    {{"encoder_ffn_dim"}, &TransformerConfig::ffn},
    rule(rules::decoder_is_as_wide),
    {{"max_position_embeddings"}, &TransformerConfig::max_positions},
    rule(rules::embedding_scale_by_width),
    {{"activation_function"}, &TransformerConfig::activation},
    {{"dropout"}, &TransformerConfig::hidden_dropout},
    rule(rules::embedding_dropout_is_hidden),
    {{"attention_dropout"}, &TransformerConfig::attention_dropout},
    {{"activation_dropout"}, &TransformerConfig::activation_dropout},
    {{"classifier_dropout"}, &TransformerConfig::classifier_dropout},
    {{"init_std"}, &TransformerConfig::initializer_range},
    rule(rules::layer_dropout),
};

inline constexpr NamePair kBartNames[] = {
    {"encoder.embeddings.tokens", "shared"},
    {"encoder.embeddings.tokens", "encoder.embed_tokens", {}, NamePair::Use::kReadOnly},
    {"encoder.embeddings.tokens", "decoder.embed_tokens", {}, NamePair::Use::kReadOnly},
    {"encoder.embeddings.positions", "encoder.embed_positions"},
    {"encoder.embeddings.norm", "encoder.layernorm_embedding"},
    {"encoder.layers.{}.attention.query", "encoder.layers.{}.self_attn.q_proj"},
    {"encoder.layers.{}.attention.key", "encoder.layers.{}.self_attn.k_proj"},
    {"encoder.layers.{}.attention.value", "encoder.layers.{}.self_attn.v_proj"},
    {"encoder.layers.{}.attention.output", "encoder.layers.{}.self_attn.out_proj"},
    {"encoder.layers.{}.attention_norm", "encoder.layers.{}.self_attn_layer_norm"},
    {"encoder.layers.{}.ffn.up", "encoder.layers.{}.fc1"},
    {"encoder.layers.{}.ffn.down", "encoder.layers.{}.fc2"},
    {"encoder.layers.{}.ffn_norm", "encoder.layers.{}.final_layer_norm"},
    {"encoder.final_norm", "encoder.layer_norm"},
    {"decoder.embeddings.positions", "decoder.embed_positions"},
    {"decoder.embeddings.norm", "decoder.layernorm_embedding"},
    {"decoder.layers.{}.attention.query", "decoder.layers.{}.self_attn.q_proj"},
    {"decoder.layers.{}.attention.key", "decoder.layers.{}.self_attn.k_proj"},
    {"decoder.layers.{}.attention.value", "decoder.layers.{}.self_attn.v_proj"},
    {"decoder.layers.{}.attention.output", "decoder.layers.{}.self_attn.out_proj"},
    {"decoder.layers.{}.attention_norm", "decoder.layers.{}.self_attn_layer_norm"},
    {"decoder.layers.{}.cross_attention.query", "decoder.layers.{}.encoder_attn.q_proj"},
    {"decoder.layers.{}.cross_attention.key", "decoder.layers.{}.encoder_attn.k_proj"},
    {"decoder.layers.{}.cross_attention.value", "decoder.layers.{}.encoder_attn.v_proj"},
    {"decoder.layers.{}.cross_attention.output", "decoder.layers.{}.encoder_attn.out_proj"},
    {"decoder.layers.{}.cross_norm", "decoder.layers.{}.encoder_attn_layer_norm"},
    {"decoder.layers.{}.ffn.up", "decoder.layers.{}.fc1"},
    {"decoder.layers.{}.ffn.down", "decoder.layers.{}.fc2"},
    {"decoder.layers.{}.ffn_norm", "decoder.layers.{}.final_layer_norm"},
    {"decoder.final_norm", "decoder.layer_norm"},
    {"head.output_offset", "final_logits_bias"},
    {"head.output", "lm_head"},
    {"head.dense", "classification_head.dense"},
    {"head.classifier", "classification_head.out_proj"},
    {"head.spans", "qa_outputs"},
};
inline constexpr std::string_view kBartUnprefixed[] = {"final_logits_bias", "lm_head", "classification_head",
                                                       "qa_outputs"};
inline constexpr std::string_view kBartIgnored[] = {"encoder.version", "decoder.version"};
inline constexpr std::string_view kBartLora[] = {"q_proj", "v_proj"};
inline constexpr FixedField kBartFixed[] = {{"is_encoder_decoder", "[true]"},
                                            {"share_encoder_decoder_embeddings", "[true]"}};
// Of fairseq's options; the family decides them.
inline constexpr std::string_view kBartUnused[] = {
    "add_bias_logits",           "add_final_layer_norm", "classif_dropout",
    "decoder_vocab_size",        "extra_pos_embeddings", "force_bos_token_to_be_generated",
    "normalize_before",          "normalize_embedding",  "save_step",
    "static_position_embeddings"};

inline TransformerConfig bart_defaults() {
  return {.stack = Stack::kEncoderDecoder,
          .max_positions = 1024,
          .positions = Positions::kLearned,
          .position_offset = 2,
          .norm_place = NormPlace::kAfter,
          .activation = Activation::kGelu,
          .embedding_norm = true,
          .final_norm = false,
          .output_offset = true,
          .pooling = Pooling::kLastEnd,
          .classifier_bias = true,
          .hidden_dropout = 0.1,
          .pad_id = 1,
          .decoder_start_id = 2,
          .eos_ids = {2}};
}

inline Family bart_family(std::string_view model_type, std::span<const ArchitectureName> architectures,
                          TransformerConfig defaults) {
  return {.model_type = model_type,
          .architectures = architectures,
          .prefix = "model.",
          .defaults = std::move(defaults),
          .fields = kBartFields,
          .names = kBartNames,
          .unprefixed = kBartUnprefixed,
          .ignored = kBartIgnored,
          .lora_targets = kBartLora,
          .fixed = kBartFixed,
          .unused = kBartUnused};
}

}  // namespace linnet::models::families
