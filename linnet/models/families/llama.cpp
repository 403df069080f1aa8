#include "linnet/models/family.h"

namespace linnet::models::families {
namespace {

constexpr ArchitectureName kArchitectures[] = {
    {"LlamaForCausalLM", HeadKind::kCausalLm},
    {"LlamaModel", HeadKind::kNone},
    {"LlamaForSequenceClassification", HeadKind::kSequenceClass},
    {"LlamaForTokenClassification", HeadKind::kTokenClass},
    {"LlamaForQuestionAnswering", HeadKind::kQuestionAnswering, "transformer."}};

using C = TransformerConfig;
constexpr Field kFields[] = {
    {{"vocab_size", nullptr, "vocab_size"}, &C::vocab},
    {{"hidden_size", nullptr, "embedding_length"}, &C::hidden},
    {{"intermediate_size", nullptr, "feed_forward_length"}, &C::ffn},
    {{"num_hidden_layers", nullptr, "block_count"}, &C::layers},
    {{"num_attention_heads", nullptr, "attention.head_count"}, &C::heads},
    {{"num_key_value_heads", nullptr, "attention.head_count_kv"}, &C::kv_heads},
    {{"head_dim", nullptr, "attention.key_length"}, &C::head_dim},
    {{nullptr, nullptr, "attention.value_length"}, &C::head_dim},
    {{"max_position_embeddings", nullptr, "context_length"}, &C::max_positions},
    {{"rms_norm_eps", nullptr, "attention.layer_norm_rms_epsilon"}, &C::norm_eps},
    {{"attention_bias"}, &C::attention_bias},
    rule(rules::output_bias_is_attention_bias),
    {{"mlp_bias"}, &C::ffn_bias},
    {{"attention_dropout"}, &C::attention_dropout},
    {{"hidden_act"}, &C::activation},
    rule(rules::rope),
};

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
                   .defaults = {.positions = Positions::kRotary,
                                .norm = Norm::kRms,
                                .norm_eps = 1e-6,
                                .activation = Activation::kSilu,
                                .ffn_kind = FeedForwardKind::kGated,
                                .attention_bias = false,
                                .attention_output_bias = false,
                                .ffn_bias = false,
                                .tie_embeddings = false},
                   .fields = kFields,
                   .names = kNames,
                   .unprefixed = kUnprefixed,
                   .ignored = kIgnored,
                   .lora_targets = kLora,
                   .fixed = kFixed,
                   .gguf_layout = {.rotary_rows = RotaryRows::kPairs}};

}  // namespace linnet::models::families
