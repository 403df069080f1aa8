#include "linnet/models/family.h"

namespace linnet::models::families {
namespace {

constexpr ArchitectureName kArchitectures[] = {{"BloomForCausalLM", HeadKind::kCausalLm},
                                               {"BloomModel", HeadKind::kNone},
                                               {"BloomForSequenceClassification", HeadKind::kSequenceClass},
                                               {"BloomForTokenClassification", HeadKind::kTokenClass},
                                               {"BloomForQuestionAnswering", HeadKind::kQuestionAnswering}};

using C = TransformerConfig;
constexpr Field kFields[] = {
    {{"vocab_size", nullptr, "vocab_size"}, &C::vocab},
    {{"hidden_size", "n_embed", "embedding_length"}, &C::hidden},
    {{"n_layer", "num_hidden_layers", "block_count"}, &C::layers},
    {{"n_head", "num_attention_heads", "attention.head_count"}, &C::heads},
    {{"layer_norm_epsilon", nullptr, "attention.layer_norm_epsilon"}, &C::norm_eps},
    {{"hidden_dropout"}, &C::hidden_dropout},
    {{"attention_dropout"}, &C::attention_dropout},
    rule(rules::residual),
    {{nullptr, nullptr, "feed_forward_length"}, &C::ffn},
    rule(rules::ffn_is_four_times_hidden),
    rule(rules::classifier_dropout_is_hidden),
};

constexpr NamePair kNames[] = {
    {"embeddings.tokens", "word_embeddings", "token_embd"},
    {"embeddings.norm", "word_embeddings_layernorm", "token_embd_norm"},
    {"layers.{}.attention_norm", "h.{}.input_layernorm", "blk.{}.attn_norm"},
    {"layers.{}.attention.qkv", "h.{}.self_attention.query_key_value", "blk.{}.attn_qkv"},
    {"layers.{}.attention.output", "h.{}.self_attention.dense", "blk.{}.attn_output"},
    {"layers.{}.ffn_norm", "h.{}.post_attention_layernorm", "blk.{}.ffn_norm"},
    {"layers.{}.ffn.up", "h.{}.mlp.dense_h_to_4h", "blk.{}.ffn_up"},
    {"layers.{}.ffn.down", "h.{}.mlp.dense_4h_to_h", "blk.{}.ffn_down"},
    {"final_norm", "ln_f", "output_norm"},
    {"head.output", "lm_head", "output"},
    {"head.dense", "linnet_head_dense"},
    {"head.classifier", "score"},
    {"head.token_classifier", "classifier"},
    {"head.spans", "qa_outputs"},
};
constexpr std::string_view kUnprefixed[] = {"lm_head", "score", "classifier", "qa_outputs", "linnet_head_dense"};
constexpr std::string_view kLora[] = {"query_key_value"};
// ALiBi has no limit; the models were trained with this length.
constexpr FixedField kGgufWritten[] = {{"context_length", "2048"}};
constexpr FixedField kFixed[] = {{"skip_bias_add_qkv", "[false]"}};
constexpr std::string_view kUnused[] = {"attention_softmax_in_fp32",
                                        "bias_dropout_fusion",
                                        "masked_softmax_fusion",
                                        "n_inner",
                                        "offset_alibi",
                                        "seq_length",
                                        "skip_bias_add",
                                        "slow_but_exact"};

}  // namespace

extern const Family bloom;
const Family bloom{.model_type = "bloom",
                   .architectures = kArchitectures,
                   .prefix = "transformer.",
                   .defaults = {.positions = Positions::kAlibi,
                                .activation = Activation::kGeluTanh,
                                .qkv = Qkv::kPerHead,
                                .embedding_norm = true},
                   .fields = kFields,
                   .names = kNames,
                   .unprefixed = kUnprefixed,
                   .lora_targets = kLora,
                   .fixed = kFixed,
                   .unused = kUnused,
                   // llama.cpp's converter regroups rows that a checkpoint interleaves per head.
                   .gguf_layout = {.qkv = Qkv::kStacked},
                   .gguf_written = kGgufWritten};

}  // namespace linnet::models::families
