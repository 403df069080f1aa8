// Tables of encoder-decoders with T5's layers: RMS norms, no biases, a bias of attention scores by distance, unscaled
// scores. T5 1.1 and Flan-T5 have a gated feed-forward network and an output matrix of their own.
#pragma once

#include <array>

#include "linnet/models/family.h"

namespace linnet::models::families {

inline constexpr Field kT5Fields[] = {
    {{"vocab_size", nullptr, "vocab_size"}, &TransformerConfig::vocab},
    {{"d_model", "hidden_size", "embedding_length"}, &TransformerConfig::hidden},
    {{"d_kv", nullptr, "attention.key_length"}, &TransformerConfig::head_dim},
    {{nullptr, nullptr, "attention.value_length"}, &TransformerConfig::head_dim},
    {{"d_ff", nullptr, "feed_forward_length"}, &TransformerConfig::ffn},
    {{"num_layers", "num_hidden_layers", "block_count"}, &TransformerConfig::layers},
    {{"num_decoder_layers", nullptr, "decoder_block_count"}, &TransformerConfig::decoder_layers},
    rule(rules::decoder_layers_are_layers),
    {{"num_heads", "num_attention_heads", "attention.head_count"}, &TransformerConfig::heads},
    {{"relative_attention_num_buckets", nullptr, "attention.relative_buckets_count"},
     &TransformerConfig::distance_buckets},
    {{"relative_attention_max_distance"}, &TransformerConfig::distance_reach},
    {{"layer_norm_epsilon", nullptr, "attention.layer_norm_rms_epsilon"}, &TransformerConfig::norm_eps},
    rule(rules::start_token_of_gguf),
    {{"dropout_rate"}, &TransformerConfig::hidden_dropout},
    rule(rules::every_dropout_is_hidden),
    {{"classifier_dropout"}, &TransformerConfig::classifier_dropout},
    rule(rules::token_dropout_is_classifier),
    rule(rules::feed_forward_by_name),
    rule(rules::output_scale_if_tied),  // the last row, which mT5 does not have
};

inline constexpr NamePair kT5Names[] = {
    {"encoder.embeddings.tokens", "shared", "token_embd"},
    {"encoder.embeddings.tokens", "encoder.embed_tokens", {}, NamePair::Use::kReadOnly},
    {"encoder.embeddings.tokens", "decoder.embed_tokens", {}, NamePair::Use::kReadOnly},
    {"encoder.layers.{}.attention.query", "encoder.block.{}.layer.0.SelfAttention.q", "enc.blk.{}.attn_q"},
    {"encoder.layers.{}.attention.key", "encoder.block.{}.layer.0.SelfAttention.k", "enc.blk.{}.attn_k"},
    {"encoder.layers.{}.attention.value", "encoder.block.{}.layer.0.SelfAttention.v", "enc.blk.{}.attn_v"},
    {"encoder.layers.{}.attention.output", "encoder.block.{}.layer.0.SelfAttention.o", "enc.blk.{}.attn_o"},
    {"encoder.layers.{}.attention_norm", "encoder.block.{}.layer.0.layer_norm", "enc.blk.{}.attn_norm"},
    {"encoder.layers.{}.ffn.up", "encoder.block.{}.layer.1.DenseReluDense.wi_1", {}, NamePair::Use::kGated},
    {"encoder.layers.{}.ffn.up", "encoder.block.{}.layer.1.DenseReluDense.wi", "enc.blk.{}.ffn_up"},
    {"encoder.layers.{}.ffn.gate", "encoder.block.{}.layer.1.DenseReluDense.wi_0", "enc.blk.{}.ffn_gate"},
    {"encoder.layers.{}.ffn.down", "encoder.block.{}.layer.1.DenseReluDense.wo", "enc.blk.{}.ffn_down"},
    {"encoder.layers.{}.ffn_norm", "encoder.block.{}.layer.1.layer_norm", "enc.blk.{}.ffn_norm"},
    {"encoder.distance_bias", "encoder.block.0.layer.0.SelfAttention.relative_attention_bias", "enc.blk.0.attn_rel_b"},
    {"encoder.final_norm", "encoder.final_layer_norm", "enc.output_norm"},
    {"decoder.layers.{}.attention.query", "decoder.block.{}.layer.0.SelfAttention.q", "dec.blk.{}.attn_q"},
    {"decoder.layers.{}.attention.key", "decoder.block.{}.layer.0.SelfAttention.k", "dec.blk.{}.attn_k"},
    {"decoder.layers.{}.attention.value", "decoder.block.{}.layer.0.SelfAttention.v", "dec.blk.{}.attn_v"},
    {"decoder.layers.{}.attention.output", "decoder.block.{}.layer.0.SelfAttention.o", "dec.blk.{}.attn_o"},
    {"decoder.layers.{}.attention_norm", "decoder.block.{}.layer.0.layer_norm", "dec.blk.{}.attn_norm"},
    {"decoder.layers.{}.cross_attention.query", "decoder.block.{}.layer.1.EncDecAttention.q",
     "dec.blk.{}.cross_attn_q"},
    {"decoder.layers.{}.cross_attention.key", "decoder.block.{}.layer.1.EncDecAttention.k", "dec.blk.{}.cross_attn_k"},
    {"decoder.layers.{}.cross_attention.value", "decoder.block.{}.layer.1.EncDecAttention.v",
     "dec.blk.{}.cross_attn_v"},
    {"decoder.layers.{}.cross_attention.output", "decoder.block.{}.layer.1.EncDecAttention.o",
     "dec.blk.{}.cross_attn_o"},
    {"decoder.layers.{}.cross_norm", "decoder.block.{}.layer.1.layer_norm", "dec.blk.{}.cross_attn_norm"},
    {"decoder.layers.{}.ffn.up", "decoder.block.{}.layer.2.DenseReluDense.wi_1", {}, NamePair::Use::kGated},
    {"decoder.layers.{}.ffn.up", "decoder.block.{}.layer.2.DenseReluDense.wi", "dec.blk.{}.ffn_up"},
    {"decoder.layers.{}.ffn.gate", "decoder.block.{}.layer.2.DenseReluDense.wi_0", "dec.blk.{}.ffn_gate"},
    {"decoder.layers.{}.ffn.down", "decoder.block.{}.layer.2.DenseReluDense.wo", "dec.blk.{}.ffn_down"},
    {"decoder.layers.{}.ffn_norm", "decoder.block.{}.layer.2.layer_norm", "dec.blk.{}.ffn_norm"},
    {"decoder.distance_bias", "decoder.block.0.layer.0.SelfAttention.relative_attention_bias", "dec.blk.0.attn_rel_b"},
    {"decoder.final_norm", "decoder.final_layer_norm", "dec.output_norm"},
    {"head.output", "lm_head", "output"},
    {"head.dense", "classification_head.dense"},
    {"head.classifier", "classification_head.out_proj"},
    {"head.token_classifier", "classifier"},
    {"head.spans", "qa_outputs"},
};
// Early files have a table that no layer reads.
inline constexpr std::string_view kT5Ignored[] = {
    "decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight"};
inline constexpr std::string_view kT5Unprefixed[] = {"lm_head", "classification_head", "classifier", "qa_outputs"};
inline constexpr std::string_view kT5Lora[] = {"q", "v"};
// llama.cpp requires a length, which the model does not have.
inline constexpr FixedField kT5GgufWritten[] = {{"context_length", "512"}};
inline constexpr FixedField kT5Fixed[] = {{"is_encoder_decoder", "[true, false]"}};
inline constexpr std::string_view kT5Unused[] = {"dense_act_fn", "initializer_factor", "is_gated_act", "n_positions"};

inline Family t5_family(std::string_view model_type, std::span<const ArchitectureName> architectures,
                        std::span<const Field> fields, FeedForwardKind network, Activation activation,
                        std::int64_t start_id) {
  return {.model_type = model_type,
          .architectures = architectures,
          .defaults = {.stack = Stack::kEncoderDecoder,
                       .positions = Positions::kNone,
                       .distance_buckets = 32,
                       .norm = Norm::kRms,
                       .norm_eps = 1e-6,
                       .activation = activation,
                       .ffn_kind = network,
                       .attention_scale = nn::AttentionScale::kNone,
                       .attention_bias = false,
                       .attention_output_bias = false,
                       .ffn_bias = false,
                       .pooling = Pooling::kLastEnd,
                       .classifier_bias = true,
                       .hidden_dropout = 0.1,
                       .decoder_start_id = start_id,
                       .eos_ids = {1}},
          .fields = fields,
          .always_ties = true,
          .names = kT5Names,
          .unprefixed = kT5Unprefixed,
          .ignored = kT5Ignored,
          .lora_targets = kT5Lora,
          .fixed = kT5Fixed,
          .unused = kT5Unused,
          .gguf_architecture = "t5",
          .gguf_head = HeadKind::kSeq2SeqLm,
          .gguf_written = kT5GgufWritten};
}

}  // namespace linnet::models::families
