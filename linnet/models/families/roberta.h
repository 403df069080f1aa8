// Tables of encoders with RoBERTa's layers and heads: BERT's, with positions counted from that of padding, and a
// classifier of two layers. In a GGUF file they are BERTs.
#pragma once

#include "linnet/models/family.h"

namespace linnet::models::families {

inline constexpr Field kRobertaFields[] = {
    {{"vocab_size", nullptr, "vocab_size"}, &TransformerConfig::vocab},
    {{"hidden_size", nullptr, "embedding_length"}, &TransformerConfig::hidden},
    {{"num_hidden_layers", nullptr, "block_count"}, &TransformerConfig::layers},
    {{"num_attention_heads", nullptr, "attention.head_count"}, &TransformerConfig::heads},
    {{"intermediate_size", nullptr, "feed_forward_length"}, &TransformerConfig::ffn},
    rule(rules::positions_after_padding),
    {{"type_vocab_size", nullptr, "token_type_count"}, &TransformerConfig::token_types, {.least = 0, .most = 65'536}},
    {{"layer_norm_eps", nullptr, "attention.layer_norm_epsilon"}, &TransformerConfig::norm_eps},
    {{"hidden_dropout_prob"}, &TransformerConfig::hidden_dropout},
    {{"attention_probs_dropout_prob"}, &TransformerConfig::attention_dropout},
    {{"hidden_act"}, &TransformerConfig::activation},
    rule(rules::embedding_dropout_is_hidden),
    rule(rules::classifier_dropout_is_hidden),
    {{"classifier_dropout"}, &TransformerConfig::classifier_dropout, {}, Field::Use::kReadOnly},
    rule(rules::token_dropout_is_classifier),
};

inline constexpr NamePair kRobertaNames[] = {
    {"embeddings.tokens", "embeddings.word_embeddings", "token_embd"},
    {"embeddings.positions", "embeddings.position_embeddings", "position_embd"},
    {"embeddings.types", "embeddings.token_type_embeddings", "token_types"},
    {"embeddings.norm", "embeddings.LayerNorm", "token_embd_norm"},
    {"layers.{}.attention.query", "encoder.layer.{}.attention.self.query", "blk.{}.attn_q"},
    {"layers.{}.attention.key", "encoder.layer.{}.attention.self.key", "blk.{}.attn_k"},
    {"layers.{}.attention.value", "encoder.layer.{}.attention.self.value", "blk.{}.attn_v"},
    {"layers.{}.attention.output", "encoder.layer.{}.attention.output.dense", "blk.{}.attn_output"},
    {"layers.{}.attention_norm", "encoder.layer.{}.attention.output.LayerNorm", "blk.{}.attn_output_norm"},
    {"layers.{}.ffn.up", "encoder.layer.{}.intermediate.dense", "blk.{}.ffn_up"},
    {"layers.{}.ffn.down", "encoder.layer.{}.output.dense", "blk.{}.ffn_down"},
    {"layers.{}.ffn_norm", "encoder.layer.{}.output.LayerNorm", "blk.{}.layer_output_norm"},
    {"pooler", "pooler.dense"},
    {"head.transform", "lm_head.dense"},
    {"head.norm", "lm_head.layer_norm"},
    {"head.output_bias", "lm_head.decoder.bias", {}, NamePair::Use::kReadFirst},
    {"head.output", "lm_head.decoder"},
    {"head.output_bias", "lm_head.bias"},
    {"head.output.bias", "lm_head.bias", {}, NamePair::Use::kReadOnly},
    {"head.dense", "classifier.dense"},
    {"head.classifier", "classifier.out_proj"},
    {"head.token_classifier", "classifier"},
    {"head.spans", "qa_outputs"},
};
inline constexpr std::string_view kRobertaUnprefixed[] = {"lm_head", "classifier", "qa_outputs"};
inline constexpr std::string_view kRobertaIgnored[] = {"embeddings.position_ids"};
inline constexpr std::string_view kRobertaLora[] = {"query", "value"};
inline constexpr FixedField kRobertaFixed[] = {{"is_decoder", "[false]"},
                                               {"position_embedding_type", R"(["absolute"])"}};
inline constexpr FixedField kRobertaGgufFixed[] = {{"attention.causal", "[false]"}};

inline Family roberta_family(std::string_view model_type, std::span<const ArchitectureName> architectures) {
  return {.model_type = model_type,
          .architectures = architectures,
          .prefix = "roberta.",
          .defaults = {.stack = Stack::kEncoder,
                       .token_types = 2,
                       .padding_has_no_position = true,
                       .norm_place = NormPlace::kAfter,
                       .norm_eps = 1e-12,
                       .embedding_norm = true,
                       .final_norm = false,
                       .head_transform = true,
                       .transform_activation = Activation::kGelu,
                       .pooling = Pooling::kFirst,
                       .classifier_bias = true,
                       .hidden_dropout = 0.1,
                       .attention_dropout = 0.1,
                       .pad_id = 1},
          .fields = kRobertaFields,
          .names = kRobertaNames,
          .unprefixed = kRobertaUnprefixed,
          .ignored = kRobertaIgnored,
          .lora_targets = kRobertaLora,
          .fixed = kRobertaFixed,
          .gguf_architecture = "bert",
          .gguf_head = HeadKind::kNone,
          .gguf_fixed = kRobertaGgufFixed};
}

}  // namespace linnet::models::families
