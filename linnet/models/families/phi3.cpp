#include "linnet/models/families/gated_decoder.h"

namespace linnet::models::families {
namespace {

constexpr ArchitectureName kArchitectures[] = {{"Phi3ForCausalLM", HeadKind::kCausalLm},
                                               {"Phi3Model", HeadKind::kNone},
                                               {"Phi3ForSequenceClassification", HeadKind::kSequenceClass},
                                               {"Phi3ForTokenClassification", HeadKind::kTokenClass}};

constexpr auto kFields =
    joined(kGatedDecoderFields,
           std::array{rule(rules::sliding_window),
                      Field{{nullptr, nullptr, "attention.sliding_window"}, &TransformerConfig::window, {.least = 0}},
                      rule(rules::long_rope_or_none), Field{{"resid_pdrop"}, &TransformerConfig::hidden_dropout},
                      Field{{"classifier_dropout"}, &TransformerConfig::token_dropout}});

constexpr NamePair kNames[] = {
    {"embeddings.tokens", "embed_tokens", "token_embd"},
    {"layers.{}.attention_norm", "layers.{}.input_layernorm", "blk.{}.attn_norm"},
    {"layers.{}.attention.qkv", "layers.{}.self_attn.qkv_proj", "blk.{}.attn_qkv"},
    {"layers.{}.attention.output", "layers.{}.self_attn.o_proj", "blk.{}.attn_output"},
    {"layers.{}.ffn_norm", "layers.{}.post_attention_layernorm", "blk.{}.ffn_norm"},
    {"layers.{}.ffn.gate_up", "layers.{}.mlp.gate_up_proj", "blk.{}.ffn_up"},
    {"layers.{}.ffn.down", "layers.{}.mlp.down_proj", "blk.{}.ffn_down"},
    {"final_norm", "norm", "output_norm"},
    {"head.output", "lm_head", "output"},
    {"head.dense", "linnet_head_dense"},
    {"head.classifier", "score"},
    {"head.token_classifier", "score"},
};
constexpr std::string_view kLora[] = {"qkv_proj"};
constexpr std::string_view kUnused[] = {"embd_pdrop"};  // no part of the model drops its embeddings

TransformerConfig defaults() {
  TransformerConfig c = gated_decoder_defaults();
  c.ffn_kind = FeedForwardKind::kGatedStacked;
  c.qkv = Qkv::kStacked;
  c.norm_eps = 1e-5;
  c.rope.original_max_positions = 4096;
  c.token_dropout = 0.1;
  return c;
}

}  // namespace

extern const Family phi3;
const Family phi3{.model_type = "phi3",
                  .architectures = kArchitectures,
                  .prefix = "model.",
                  .defaults = defaults(),
                  .fields = kFields,
                  .names = kNames,
                  .unprefixed = kGatedDecoderUnprefixed,
                  .ignored = kGatedDecoderIgnored,
                  .lora_targets = kLora,
                  .unused = kUnused,
                  .gguf_layout = {.qkv = Qkv::kStacked}};

}  // namespace linnet::models::families
