#include "linnet/models/family.h"

namespace linnet::models::families {
namespace {

constexpr ArchitectureName kArchitectures[] = {{"OPTForCausalLM", HeadKind::kCausalLm},
                                               {"OPTModel", HeadKind::kNone},
                                               {"OPTForSequenceClassification", HeadKind::kSequenceClass},
                                               {"OPTForQuestionAnswering", HeadKind::kQuestionAnswering}};

using C = TransformerConfig;
constexpr Field kFields[] = {
    {{"vocab_size"}, &C::vocab},
    {{"hidden_size"}, &C::hidden},
    rule(rules::token_projection_if_widths_differ),
    {{"ffn_dim"}, &C::ffn},
    {{"num_hidden_layers"}, &C::layers},
    {{"num_attention_heads"}, &C::heads},
    {{"max_position_embeddings"}, &C::max_positions},
    {{"activation_function"}, &C::activation},
    {{"enable_bias"}, &C::attention_bias},
    rule(rules::every_bias_is_attention_bias),
    rule(rules::norms_before),
    {{"dropout"}, &C::hidden_dropout},
    {{"attention_dropout"}, &C::attention_dropout},
    {{"init_std"}, &C::initializer_range},
};

constexpr NamePair kNames[] = {
    {"embeddings.tokens", "decoder.embed_tokens"},
    {"embeddings.token_projection", "decoder.project_in"},
    {"embeddings.positions", "decoder.embed_positions"},
    {"layers.{}.attention.query", "decoder.layers.{}.self_attn.q_proj"},
    {"layers.{}.attention.key", "decoder.layers.{}.self_attn.k_proj"},
    {"layers.{}.attention.value", "decoder.layers.{}.self_attn.v_proj"},
    {"layers.{}.attention.output", "decoder.layers.{}.self_attn.out_proj"},
    {"layers.{}.attention_norm", "decoder.layers.{}.self_attn_layer_norm"},
    {"layers.{}.ffn.up", "decoder.layers.{}.fc1"},
    {"layers.{}.ffn.down", "decoder.layers.{}.fc2"},
    {"layers.{}.ffn_norm", "decoder.layers.{}.final_layer_norm"},
    {"final_norm", "decoder.final_layer_norm"},
    {"output_projection", "decoder.project_out"},
    {"head.output", "lm_head"},
    {"head.dense", "linnet_head_dense"},
    {"head.classifier", "score"},
    {"head.spans", "qa_outputs"},
};
constexpr std::string_view kUnprefixed[] = {"lm_head", "score", "qa_outputs", "linnet_head_dense"};
constexpr std::string_view kLora[] = {"q_proj", "v_proj"};
constexpr std::string_view kUnused[] = {"output_projection"};
constexpr FixedField kFixed[] = {{"layer_norm_elementwise_affine", "[true]"}, {"layerdrop", "[0]"}};

}  // namespace

extern const Family opt;
const Family opt{.model_type = "opt",
                 .architectures = kArchitectures,
                 .prefix = "model.",
                 .defaults = {.position_offset = 2, .activation = Activation::kRelu, .hidden_dropout = 0.1},
                 .fields = kFields,
                 .names = kNames,
                 .unprefixed = kUnprefixed,
                 .lora_targets = kLora,
                 .fixed = kFixed,
                 .unused = kUnused};

}  // namespace linnet::models::families
