// Tables of the decoders of Gemma 2 and 3: norms of the input and the output of both parts of a layer, windows of
// attention in some layers.
#pragma once

#include "linnet/models/families/gated_decoder.h"

namespace linnet::models::families {

inline constexpr auto kGemmaFields = joined(
    kGatedDecoderSizes, std::array{Field{{"hidden_activation"}, &TransformerConfig::activation},
                                   Field{{"attention_bias"}, &TransformerConfig::attention_bias},
                                   rule(rules::output_bias_is_attention_bias), rule(rules::embedding_scale_is_root),
                                   rule(rules::output_softcap), rule(rules::attention_scale_of_dim)});

inline constexpr NamePair kGemmaNames[] = {
    {"embeddings.tokens", "embed_tokens", "token_embd"},
    {"layers.{}.attention_norm", "layers.{}.input_layernorm", "blk.{}.attn_norm"},
    {"layers.{}.attention.query", "layers.{}.self_attn.q_proj", "blk.{}.attn_q"},
    {"layers.{}.attention.key", "layers.{}.self_attn.k_proj", "blk.{}.attn_k"},
    {"layers.{}.attention.value", "layers.{}.self_attn.v_proj", "blk.{}.attn_v"},
    {"layers.{}.attention.query_norm", "layers.{}.self_attn.q_norm", "blk.{}.attn_q_norm"},
    {"layers.{}.attention.key_norm", "layers.{}.self_attn.k_norm", "blk.{}.attn_k_norm"},
    {"layers.{}.attention.output", "layers.{}.self_attn.o_proj", "blk.{}.attn_output"},
    {"layers.{}.attention_output_norm", "layers.{}.post_attention_layernorm", "blk.{}.post_attention_norm"},
    {"layers.{}.ffn_norm", "layers.{}.pre_feedforward_layernorm", "blk.{}.ffn_norm"},
    {"layers.{}.ffn.gate", "layers.{}.mlp.gate_proj", "blk.{}.ffn_gate"},
    {"layers.{}.ffn.up", "layers.{}.mlp.up_proj", "blk.{}.ffn_up"},
    {"layers.{}.ffn.down", "layers.{}.mlp.down_proj", "blk.{}.ffn_down"},
    {"layers.{}.ffn_output_norm", "layers.{}.post_feedforward_layernorm", "blk.{}.post_ffw_norm"},
    {"final_norm", "norm", "output_norm"},
    {"head.output", "lm_head", "output"},
    {"head.dense", "linnet_head_dense"},
    {"head.classifier", "score"},
    {"head.token_classifier", "score"},
};

// Norms whose weights are stored minus 1, except in GGUF files.
inline TransformerConfig gemma_defaults() {
  TransformerConfig c = gated_decoder_defaults();
  c.norm_offset = 1;
  c.rounds_embedding_scale = true;
  c.activation = Activation::kGeluTanh;
  c.head_dim = 256;
  c.tie_embeddings = true;
  return c;
}
inline TransformerConfig gemma_windows_defaults() {
  TransformerConfig c = gemma_defaults();
  c.norm_place = NormPlace::kBoth;
  c.kv_heads = 4;
  c.attention_scale_dim = 256;
  return c;
}
inline constexpr FixedField kGemmaFixed[] = {{"use_bidirectional_attention", "[false]"}};
inline constexpr std::string_view kGemmaUnused[] = {"hidden_act"};

}  // namespace linnet::models::families
