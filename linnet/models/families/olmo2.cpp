#include "linnet/models/families/gated_decoder.h"

namespace linnet::models::families {
namespace {

constexpr ArchitectureName kArchitectures[] = {{"Olmo2ForCausalLM", HeadKind::kCausalLm},
                                               {"Olmo2Model", HeadKind::kNone},
                                               {"Olmo2ForSequenceClassification", HeadKind::kSequenceClass}};

constexpr auto kFields =
    joined(kGatedDecoderFields, std::array{Field{{"attention_bias"}, &TransformerConfig::attention_bias},
                                           rule(rules::output_bias_is_attention_bias)});

constexpr NamePair kNames[] = {
    {"embeddings.tokens", "embed_tokens", "token_embd"},
    {"layers.{}.attention.query", "layers.{}.self_attn.q_proj", "blk.{}.attn_q"},
    {"layers.{}.attention.key", "layers.{}.self_attn.k_proj", "blk.{}.attn_k"},
    {"layers.{}.attention.value", "layers.{}.self_attn.v_proj", "blk.{}.attn_v"},
    {"layers.{}.attention.query_norm", "layers.{}.self_attn.q_norm", "blk.{}.attn_q_norm"},
    {"layers.{}.attention.key_norm", "layers.{}.self_attn.k_norm", "blk.{}.attn_k_norm"},
    {"layers.{}.attention.output", "layers.{}.self_attn.o_proj", "blk.{}.attn_output"},
    {"layers.{}.attention_norm", "layers.{}.post_attention_layernorm", "blk.{}.post_attention_norm"},
    {"layers.{}.ffn.gate", "layers.{}.mlp.gate_proj", "blk.{}.ffn_gate"},
    {"layers.{}.ffn.up", "layers.{}.mlp.up_proj", "blk.{}.ffn_up"},
    {"layers.{}.ffn.down", "layers.{}.mlp.down_proj", "blk.{}.ffn_down"},
    {"layers.{}.ffn_norm", "layers.{}.post_feedforward_layernorm", "blk.{}.post_ffw_norm"},
    {"final_norm", "norm", "output_norm"},
    {"head.output", "lm_head", "output"},
    {"head.dense", "linnet_head_dense"},
    {"head.classifier", "score"},
};

TransformerConfig defaults() {
  TransformerConfig c = gated_decoder_defaults();
  c.norm_place = NormPlace::kOutput;
  c.query_key_norm = QueryKeyNorm::kAllHeads;
  c.norm_eps = 1e-5;
  return c;
}

}  // namespace

extern const Family olmo2;
const Family olmo2{.model_type = "olmo2",
                   .architectures = kArchitectures,
                   .prefix = "model.",
                   .defaults = defaults(),
                   .fields = kFields,
                   .names = kNames,
                   .unprefixed = kGatedDecoderUnprefixed,
                   .ignored = kGatedDecoderIgnored,
                   .lora_targets = kGatedDecoderLora};

}  // namespace linnet::models::families
