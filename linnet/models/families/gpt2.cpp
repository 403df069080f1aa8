#include "linnet/models/family.h"

namespace linnet::models::families {
namespace {

constexpr ArchitectureName kArchitectures[] = {{"GPT2LMHeadModel", HeadKind::kCausalLm},
                                               {"GPT2Model", HeadKind::kNone},
                                               {"GPT2ForSequenceClassification", HeadKind::kSequenceClass},
                                               {"GPT2ForTokenClassification", HeadKind::kTokenClass},
                                               {"GPT2ForQuestionAnswering", HeadKind::kQuestionAnswering}};

using C = TransformerConfig;
constexpr Field kFields[] = {
    {{"vocab_size", nullptr, "vocab_size"}, &C::vocab},
    {{"n_embd", "hidden_size", "embedding_length"}, &C::hidden},
    {{"n_layer", "num_hidden_layers", "block_count"}, &C::layers},
    {{"n_head", "num_attention_heads", "attention.head_count"}, &C::heads},
    {{"n_positions", "max_position_embeddings", "context_length"}, &C::max_positions},
    {{"n_inner", nullptr, "feed_forward_length"}, &C::ffn},
    {{"layer_norm_epsilon", nullptr, "attention.layer_norm_epsilon"}, &C::norm_eps},
    {{"embd_pdrop"}, &C::embedding_dropout},
    {{"resid_pdrop"}, &C::hidden_dropout},
    {{"attn_pdrop"}, &C::attention_dropout},
    {{"activation_function"}, &C::activation},
    rule(rules::attention_scale),
    rule(rules::ffn_is_four_times_hidden),
};

constexpr NamePair kNames[] = {
    {"embeddings.tokens", "wte", "token_embd"},
    {"embeddings.positions", "wpe", "position_embd"},
    {"layers.{}.attention_norm", "h.{}.ln_1", "blk.{}.attn_norm"},
    {"layers.{}.attention.qkv", "h.{}.attn.c_attn", "blk.{}.attn_qkv"},
    {"layers.{}.attention.output", "h.{}.attn.c_proj", "blk.{}.attn_output"},
    {"layers.{}.ffn_norm", "h.{}.ln_2", "blk.{}.ffn_norm"},
    {"layers.{}.ffn.up", "h.{}.mlp.c_fc", "blk.{}.ffn_up"},
    {"layers.{}.ffn.down", "h.{}.mlp.c_proj", "blk.{}.ffn_down"},
    {"final_norm", "ln_f", "output_norm"},
    {"head.output", "lm_head", "output"},
    {"head.dense", "linnet_head_dense"},
    {"head.classifier", "score"},
    {"head.token_classifier", "classifier"},
    {"head.spans", "qa_outputs"},
};
constexpr std::string_view kUnprefixed[] = {"lm_head", "score", "classifier", "qa_outputs", "linnet_head_dense"};
constexpr std::string_view kIgnored[] = {"h.{}.attn.bias", "h.{}.attn.masked_bias"};
constexpr std::string_view kLora[] = {"c_attn"};
constexpr std::string_view kUnused[] = {"n_ctx",
                                        "predict_special_tokens",
                                        "reorder_and_upcast_attn",
                                        "summary_activation",
                                        "summary_first_dropout",
                                        "summary_proj_to_labels",
                                        "summary_type",
                                        "summary_use_proj"};

}  // namespace

extern const Family gpt2;
const Family gpt2{.model_type = "gpt2",
                  .architectures = kArchitectures,
                  .prefix = "transformer.",
                  .defaults = {.activation = Activation::kGeluTanh,
                               .qkv = Qkv::kStacked,
                               .weight_layout = WeightLayout::kInOut},  // its Conv1D stores [in, out]
                  .fields = kFields,
                  .names = kNames,
                  .unprefixed = kUnprefixed,
                  .ignored = kIgnored,
                  .lora_targets = kLora,
                  .unused = kUnused,
                  .gguf_layout = {.qkv = Qkv::kStacked}};

}  // namespace linnet::models::families
