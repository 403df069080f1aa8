#include "linnet/models/family.h"

namespace linnet::models::families {
namespace {

constexpr ArchitectureName kArchitectures[] = {
    {"LlamaForCausalLM", HeadKind::kCausalLm},
    {"LlamaModel", HeadKind::kNone},
    {"LlamaForSequenceClassification", HeadKind::kSequenceClass},
    {"LlamaForTokenClassification", HeadKind::kTokenClass},
    {"LlamaForQuestionAnswering", HeadKind::kQuestionAnswering, "transformer."}};
constexpr std::pair<const char*, Activation> kActivations[] = {{"silu", Activation::kSilu},
                                                               {"swish", Activation::kSilu},
                                                               {"gelu", Activation::kGelu},
                                                               {"gelu_pytorch_tanh", Activation::kGeluTanh},
                                                               {"relu", Activation::kRelu}};

void config(ConfigFields& f, TransformerConfig& c) {
  c.positions = Positions::kRotary;
  c.norm = Norm::kRms;
  c.ffn_kind = FeedForwardKind::kGated;
  if (!f.writing()) c.norm_eps = 1e-6, c.activation = Activation::kSilu;
  if (!f.writing()) c.attention_bias = c.attention_output_bias = c.ffn_bias = c.tie_embeddings = false;
  f.field({"vocab_size", nullptr, "vocab_size"}, c.vocab)
      .field({"hidden_size", nullptr, "embedding_length"}, c.hidden)
      .field({"intermediate_size", nullptr, "feed_forward_length"}, c.ffn)
      .field({"num_hidden_layers", nullptr, "block_count"}, c.layers)
      .field({"num_attention_heads", nullptr, "attention.head_count"}, c.heads)
      .field({"num_key_value_heads", nullptr, "attention.head_count_kv"}, c.kv_heads)
      .field({"head_dim", nullptr, "attention.key_length"}, c.head_dim)
      .field({"max_position_embeddings", nullptr, "context_length"}, c.max_positions)
      .field({"rms_norm_eps", nullptr, "attention.layer_norm_rms_epsilon"}, c.norm_eps)
      .field({"attention_bias"}, c.attention_bias)
      .field({"mlp_bias"}, c.ffn_bias)
      .field({"attention_dropout"}, c.attention_dropout)
      .choice<Activation>({"hidden_act"}, c.activation, kActivations);
  f.field({nullptr, nullptr, "attention.value_length"}, c.head_dim);
  c.attention_output_bias = c.attention_bias;
  rope_fields(f, c);
}

constexpr NamePair kNames[] = {
    {"embeddings.tokens", "embed_tokens", "token_embd"},
    {"layers.{}.attention_norm", "layers.{}.input_layernorm", "blk.{}.attn_norm"},
    {"layers.{}.attention.query", "layers.{}.self_attn.q_proj", "blk.{}.attn_q"},
    {"layers.{}.attention.key", "layers.{}.self_attn.k_proj", "blk.{}.attn_k"},
    {"layers.{}.attention.value", "layers.{}.self_attn.v_proj", "blk.{}.attn_v"},
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
constexpr std::string_view kUnprefixed[] = {"lm_head", "score", "classifier", "qa_outputs", "linnet_head_dense"};
constexpr std::string_view kIgnored[] = {"layers.{}.self_attn.rotary_emb.inv_freq", "rope_freqs.weight"};
constexpr std::string_view kLora[] = {"q_proj", "v_proj"};
constexpr FixedField kFixed[] = {{"position_embedding_type", R"(["rope"])"}};

}  // namespace

extern const Family llama;
const Family llama{.model_type = "llama",
                   .architectures = kArchitectures,
                   .prefix = "model.",
                   .config = config,
                   .names = kNames,
                   .unprefixed = kUnprefixed,
                   .ignored = kIgnored,
                   .lora_targets = kLora,
                   .gguf_rotary_rows = RotaryRows::kPairs,
                   .fixed = kFixed};

}  // namespace linnet::models::families
