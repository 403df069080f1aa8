#include "linnet/models/family.h"

namespace linnet::models::families {
namespace {

constexpr auto kTransform = ClassifierKind::kTransform;
constexpr ArchitectureName kArchitectures[] = {
    {"ModernBertForMaskedLM", HeadKind::kMaskedLm},
    {"ModernBertModel", HeadKind::kNone},
    {"ModernBertForSequenceClassification", HeadKind::kSequenceClass, {}, false, kTransform},
    {"ModernBertForTokenClassification", HeadKind::kTokenClass, {}, false, kTransform},
    {"ModernBertForQuestionAnswering", HeadKind::kQuestionAnswering, {}, false, kTransform}};

using C = TransformerConfig;
constexpr Field kFields[] = {
    {{"vocab_size", nullptr, "vocab_size"}, &C::vocab},
    {{"hidden_size", nullptr, "embedding_length"}, &C::hidden},
    {{"intermediate_size", nullptr, "feed_forward_length"}, &C::ffn},
    {{"num_hidden_layers", nullptr, "block_count"}, &C::layers, {.most = 10'000}},
    {{"num_attention_heads", nullptr, "attention.head_count"}, &C::heads},
    {{"max_position_embeddings", nullptr, "context_length"}, &C::max_positions},
    {{"norm_eps", nullptr, "attention.layer_norm_epsilon"}, &C::norm_eps},
    {{"norm_bias"}, &C::norm_bias},
    {{"hidden_activation"}, &C::activation},
    {{"attention_bias"}, &C::attention_bias},
    rule(rules::output_bias_is_attention_bias),
    {{"mlp_bias"}, &C::ffn_bias},
    {{"decoder_bias"}, &C::output_bias},
    {{"classifier_bias"}, &C::head_transform_bias},
    {{"classifier_activation"}, &C::classifier_activation},
    rule(rules::transform_has_classifier_activation),
    rule(rules::classifier_pooling),
    {{"attention_dropout"}, &C::attention_dropout},
    rule(rules::hidden_dropout_is_attention),
    {{"embedding_dropout"}, &C::embedding_dropout},
    {{"mlp_dropout"}, &C::activation_dropout},
    {{"classifier_dropout"}, &C::classifier_dropout},
    rule(rules::token_dropout_is_classifier),
    rule(rules::question_dropout_is_classifier),
    rule(rules::global_and_local_theta),
    rule(rules::local_attention),
};

constexpr NamePair kNames[] = {
    {"embeddings.tokens", "embeddings.tok_embeddings"},
    {"embeddings.norm", "embeddings.norm"},
    {"layers.{}.attention_norm", "layers.{}.attn_norm"},
    {"layers.{}.attention.qkv", "layers.{}.attn.Wqkv"},
    {"layers.{}.attention.output", "layers.{}.attn.Wo"},
    {"layers.{}.ffn_norm", "layers.{}.mlp_norm"},
    {"layers.{}.ffn.gate_up", "layers.{}.mlp.Wi"},
    {"layers.{}.ffn.down", "layers.{}.mlp.Wo"},
    {"final_norm", "final_norm"},
    {"head.transform", "head.dense"},
    {"head.norm", "head.norm"},
    {"head.output_bias", "decoder.bias"},
    {"head.output", "decoder"},
    {"head.dense", "linnet_head_dense"},
    {"head.classifier", "classifier"},
    {"head.token_classifier", "classifier"},
    {"head.spans", "classifier"},
};
constexpr std::string_view kUnprefixed[] = {"head", "decoder", "classifier", "linnet_head_dense"};
constexpr std::string_view kLora[] = {"Wqkv"};
// Notes of training and of the attention kernels of Transformers.
constexpr std::string_view kUnused[] = {"deterministic_flash_attn", "initializer_cutoff_factor", "reference_compile",
                                        "repad_logits_with_grad",   "sparse_pred_ignore_index",  "sparse_prediction",
                                        "layer_norm_eps",           "position_embedding_type"};

TransformerConfig defaults() {
  TransformerConfig c{.stack = Stack::kEncoder,
                      .positions = Positions::kRotary,
                      .norm_bias = false,
                      .ffn_kind = FeedForwardKind::kGatedStacked,
                      .qkv = Qkv::kStacked,
                      .embedding_norm = true,
                      .first_attention_norm = false,
                      .attention_bias = false,
                      .attention_output_bias = false,
                      .ffn_bias = false,
                      .head_transform = true,
                      .head_transform_bias = false,
                      .pooling = Pooling::kFirst,
                      .classifier_activation = Activation::kGelu,
                      .classifier_bias = true,
                      .drops_feed_forward = false};
  c.rope.theta = 160'000;
  c.window_rope = Rope();
  return c;
}

}  // namespace

extern const Family modernbert;
const Family modernbert{.model_type = "modernbert",
                        .architectures = kArchitectures,
                        .prefix = "model.",
                        .defaults = defaults(),
                        .fields = kFields,
                        .names = kNames,
                        .unprefixed = kUnprefixed,
                        .lora_targets = kLora,
                        .unused = kUnused};

}  // namespace linnet::models::families
