// Tables of decoders with LLaMA's layers: RMS norms, rotary positions, a gated feed-forward. Families that differ in
// fields or defaults share the names.
#pragma once

#include <array>
#include <utility>

#include "linnet/models/family.h"

namespace linnet::models::families {

inline constexpr std::array kGatedDecoderSizes{
    Field{{"vocab_size", nullptr, "vocab_size"}, &TransformerConfig::vocab},
    Field{{"hidden_size", nullptr, "embedding_length"}, &TransformerConfig::hidden},
    Field{{"intermediate_size", nullptr, "feed_forward_length"}, &TransformerConfig::ffn},
    Field{{"num_hidden_layers", nullptr, "block_count"}, &TransformerConfig::layers, {.most = 10'000}},
    Field{{"num_attention_heads", nullptr, "attention.head_count"}, &TransformerConfig::heads},
    Field{{"num_key_value_heads", nullptr, "attention.head_count_kv"}, &TransformerConfig::kv_heads},
    Field{{"head_dim", nullptr, "attention.key_length"}, &TransformerConfig::head_dim},
    Field{{nullptr, nullptr, "attention.value_length"}, &TransformerConfig::head_dim},
    Field{{"max_position_embeddings", nullptr, "context_length"}, &TransformerConfig::max_positions},
    Field{{"rms_norm_eps", nullptr, "attention.layer_norm_rms_epsilon"}, &TransformerConfig::norm_eps},
    Field{{"attention_dropout"}, &TransformerConfig::attention_dropout}};

template <std::size_t N, std::size_t M>
constexpr std::array<Field, N + M> joined(const std::array<Field, N>& first, const std::array<Field, M>& second) {
  return [&]<std::size_t... I, std::size_t... K>(std::index_sequence<I...>, std::index_sequence<K...>) {
    return std::array<Field, N + M>{first[I]..., second[K]...};
  }
  (std::make_index_sequence<N>(), std::make_index_sequence<M>());
}

inline constexpr auto kGatedDecoderFields =
    joined(kGatedDecoderSizes, std::array{Field{{"hidden_act"}, &TransformerConfig::activation}, rule(rules::rope)});

inline constexpr NamePair kGatedDecoderNames[] = {
    {"embeddings.tokens", "embed_tokens", "token_embd"},
    {"layers.{}.attention_norm", "layers.{}.input_layernorm", "blk.{}.attn_norm"},
    {"layers.{}.attention.query", "layers.{}.self_attn.q_proj", "blk.{}.attn_q"},
    {"layers.{}.attention.key", "layers.{}.self_attn.k_proj", "blk.{}.attn_k"},
    {"layers.{}.attention.value", "layers.{}.self_attn.v_proj", "blk.{}.attn_v"},
    {"layers.{}.attention.query_norm", "layers.{}.self_attn.q_norm", "blk.{}.attn_q_norm"},
    {"layers.{}.attention.key_norm", "layers.{}.self_attn.k_norm", "blk.{}.attn_k_norm"},
    {"layers.{}.attention.output", "layers.{}.self_attn.o_proj", "blk.{}.attn_output"},
    {"layers.{}.ffn_norm", "layers.{}.post_attention_layernorm", "blk.{}.ffn_norm"},
    {"layers.{}.ffn.gate", "layers.{}.mlp.gate_proj", "blk.{}.ffn_gate"},
    {"layers.{}.ffn.up", "layers.{}.mlp.up_proj", "blk.{}.ffn_up"},
    {"layers.{}.ffn.down", "layers.{}.mlp.down_proj", "blk.{}.ffn_down"},
    {"final_norm", "norm", "output_norm"},
    {"head.output", "lm_head", "output"},
    {"head.dense", "linnet_head_dense"},
    {"head.classifier", "score"},
    {"head.token_classifier", "score"},
    {"head.spans", "qa_outputs"},
};
inline constexpr std::string_view kGatedDecoderUnprefixed[] = {"lm_head", "score", "classifier", "qa_outputs",
                                                               "linnet_head_dense"};
inline constexpr std::string_view kGatedDecoderIgnored[] = {"layers.{}.self_attn.rotary_emb.inv_freq",
                                                            "rope_freqs.weight"};
inline constexpr std::string_view kGatedDecoderLora[] = {"q_proj", "v_proj"};

inline TransformerConfig gated_decoder_defaults() {
  return {.positions = Positions::kRotary,
          .norm = Norm::kRms,
          .norm_eps = 1e-6,
          .activation = Activation::kSilu,
          .ffn_kind = FeedForwardKind::kGated,
          .attention_bias = false,
          .attention_output_bias = false,
          .ffn_bias = false,
          .tie_embeddings = false};
}

}  // namespace linnet::models::families
