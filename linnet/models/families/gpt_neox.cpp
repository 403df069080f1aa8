#include "linnet/models/family.h"

namespace linnet::models::families {
namespace {

constexpr ArchitectureName kArchitectures[] = {{"GPTNeoXForCausalLM", HeadKind::kCausalLm},
                                               {"GPTNeoXModel", HeadKind::kNone},
                                               {"GPTNeoXForSequenceClassification", HeadKind::kSequenceClass},
                                               {"GPTNeoXForTokenClassification", HeadKind::kTokenClass},
                                               {"GPTNeoXForQuestionAnswering", HeadKind::kQuestionAnswering}};

using C = TransformerConfig;
constexpr Field kFields[] = {
    {{"vocab_size", nullptr, "vocab_size"}, &C::vocab},
    {{"hidden_size", nullptr, "embedding_length"}, &C::hidden},
    {{"intermediate_size", nullptr, "feed_forward_length"}, &C::ffn},
    {{"num_hidden_layers", nullptr, "block_count"}, &C::layers},
    {{"num_attention_heads", nullptr, "attention.head_count"}, &C::heads},
    {{"max_position_embeddings", nullptr, "context_length"}, &C::max_positions},
    {{"layer_norm_eps", nullptr, "attention.layer_norm_epsilon"}, &C::norm_eps},
    {{"hidden_act"}, &C::activation},
    rule(rules::parallel_residual),
    {{"attention_bias"}, &C::attention_bias},
    rule(rules::output_bias_is_attention_bias),
    {{"hidden_dropout"}, &C::hidden_dropout},
    rule(rules::embedding_dropout_is_hidden),
    {{"attention_dropout"}, &C::attention_dropout},
    {{"classifier_dropout"}, &C::token_dropout},
    rule(rules::rotary_fraction),
    rule(rules::rope),
};

constexpr NamePair kNames[] = {
    {"embeddings.tokens", "embed_in", "token_embd"},
    {"layers.{}.attention_norm", "layers.{}.input_layernorm", "blk.{}.attn_norm"},
    {"layers.{}.attention.qkv", "layers.{}.attention.query_key_value", "blk.{}.attn_qkv"},
    {"layers.{}.attention.output", "layers.{}.attention.dense", "blk.{}.attn_output"},
    {"layers.{}.ffn_norm", "layers.{}.post_attention_layernorm", "blk.{}.ffn_norm"},
    {"layers.{}.ffn.up", "layers.{}.mlp.dense_h_to_4h", "blk.{}.ffn_up"},
    {"layers.{}.ffn.down", "layers.{}.mlp.dense_4h_to_h", "blk.{}.ffn_down"},
    {"final_norm", "final_layer_norm", "output_norm"},
    {"head.output", "embed_out", "output"},
    {"head.output", "lm_head", {}, NamePair::Use::kReadOnly},
    {"head.dense", "linnet_head_dense"},
    {"head.classifier", "score"},
    {"head.token_classifier", "classifier"},
    {"head.spans", "qa_outputs"},
};
constexpr std::string_view kUnprefixed[] = {"embed_out",  "lm_head",    "score",
                                            "classifier", "qa_outputs", "linnet_head_dense"};
constexpr std::string_view kIgnored[] = {"layers.{}.attention.bias", "layers.{}.attention.masked_bias",
                                         "layers.{}.attention.rotary_emb.inv_freq"};
constexpr std::string_view kLora[] = {"query_key_value"};

TransformerConfig defaults() {
  TransformerConfig c{.positions = Positions::kRotary,
                      .residual = Residual::kParallel,
                      .qkv = Qkv::kPerHead,
                      .tie_embeddings = false,
                      .token_dropout = 0.1};
  c.rope.partial = 0.25;
  return c;
}

}  // namespace

extern const Family gpt_neox;
const Family gpt_neox{.model_type = "gpt_neox",
                      .architectures = kArchitectures,
                      .prefix = "gpt_neox.",
                      .defaults = defaults(),
                      .fields = kFields,
                      .names = kNames,
                      .unprefixed = kUnprefixed,
                      .ignored = kIgnored,
                      .lora_targets = kLora,
                      .gguf_architecture = "gptneox",
                      // llama.cpp's converter regroups rows that a checkpoint interleaves per head.
                      .gguf_layout = {.qkv = Qkv::kStacked}};

}  // namespace linnet::models::families
