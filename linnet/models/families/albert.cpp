#include "linnet/models/family.h"

namespace linnet::models::families {
namespace {

constexpr ArchitectureName kArchitectures[] = {{"AlbertModel", HeadKind::kNone, {}, true},
                                               {"AlbertForMaskedLM", HeadKind::kMaskedLm},
                                               {"AlbertForSequenceClassification", HeadKind::kSequenceClass, {}, true},
                                               {"AlbertForTokenClassification", HeadKind::kTokenClass},
                                               {"AlbertForQuestionAnswering", HeadKind::kQuestionAnswering}};

using C = TransformerConfig;
constexpr Field kFields[] = {
    {{"vocab_size"}, &C::vocab},
    {{"embedding_size"}, &C::embedding_size},
    {{"hidden_size"}, &C::hidden},
    {{"num_hidden_layers"}, &C::layers},
    {{"num_hidden_groups"}, &C::layer_groups},
    {{"num_attention_heads"}, &C::heads},
    {{"intermediate_size"}, &C::ffn},
    {{"max_position_embeddings"}, &C::max_positions},
    {{"type_vocab_size"}, &C::token_types, {.least = 0, .most = 65'536}},
    {{"layer_norm_eps"}, &C::norm_eps},
    {{"hidden_dropout_prob"}, &C::hidden_dropout},
    {{"attention_probs_dropout_prob"}, &C::attention_dropout},
    {{"classifier_dropout_prob"}, &C::classifier_dropout},
    {{"hidden_act"}, &C::activation},
    rule(rules::embedding_dropout_is_hidden),
    rule(rules::token_dropout_is_classifier),
};

constexpr NamePair kNames[] = {
    {"embeddings.tokens", "embeddings.word_embeddings"},
    {"embeddings.positions", "embeddings.position_embeddings"},
    {"embeddings.types", "embeddings.token_type_embeddings"},
    {"embeddings.norm", "embeddings.LayerNorm"},
    {"embeddings.projection", "encoder.embedding_hidden_mapping_in"},
    {"layers.{}.attention.query", "encoder.albert_layer_groups.{}.albert_layers.0.attention.query"},
    {"layers.{}.attention.key", "encoder.albert_layer_groups.{}.albert_layers.0.attention.key"},
    {"layers.{}.attention.value", "encoder.albert_layer_groups.{}.albert_layers.0.attention.value"},
    {"layers.{}.attention.output", "encoder.albert_layer_groups.{}.albert_layers.0.attention.dense"},
    {"layers.{}.attention_norm", "encoder.albert_layer_groups.{}.albert_layers.0.attention.LayerNorm"},
    {"layers.{}.ffn.up", "encoder.albert_layer_groups.{}.albert_layers.0.ffn"},
    {"layers.{}.ffn.down", "encoder.albert_layer_groups.{}.albert_layers.0.ffn_output"},
    {"layers.{}.ffn_norm", "encoder.albert_layer_groups.{}.albert_layers.0.full_layer_layer_norm"},
    {"pooler", "pooler"},
    {"head.transform", "predictions.dense"},
    {"head.norm", "predictions.LayerNorm"},
    {"head.output_bias", "predictions.decoder.bias", {}, NamePair::Use::kReadFirst},
    {"head.output", "predictions.decoder"},
    {"head.output_bias", "predictions.bias"},
    {"head.output.bias", "predictions.bias", {}, NamePair::Use::kReadOnly},
    {"head.dense", "linnet_head_dense"},
    {"head.classifier", "classifier"},
    {"head.token_classifier", "classifier"},
    {"head.spans", "qa_outputs"},
};
constexpr std::string_view kUnprefixed[] = {"predictions", "classifier", "qa_outputs", "linnet_head_dense"};
constexpr std::string_view kIgnored[] = {"embeddings.position_ids",
                                         "sop_classifier"};  // of sentence order: pretraining
constexpr std::string_view kLora[] = {"query", "value"};
constexpr FixedField kFixed[] = {{"inner_group_num", "[1]"}, {"position_embedding_type", R"(["absolute"])"}};
constexpr std::string_view kUnused[] = {"down_scale_factor", "gap_size", "net_structure_type", "num_memory_blocks"};

}  // namespace

extern const Family albert;
const Family albert{.model_type = "albert",
                    .architectures = kArchitectures,
                    .prefix = "albert.",
                    .defaults = {.stack = Stack::kEncoder,
                                 .embedding_size = 128,
                                 .embedding_projection = true,
                                 .layer_groups = 1,
                                 .token_types = 2,
                                 .norm_place = NormPlace::kAfter,
                                 .norm_eps = 1e-12,
                                 .activation = Activation::kGeluTanh,
                                 .embedding_norm = true,
                                 .final_norm = false,
                                 .head_transform = true,
                                 .pooling = Pooling::kFirst,
                                 .classifier_bias = true,
                                 .drops_feed_forward = false,
                                 .classifier_dropout = 0.1},
                    .fields = kFields,
                    .names = kNames,
                    .unprefixed = kUnprefixed,
                    .ignored = kIgnored,
                    .lora_targets = kLora,
                    .fixed = kFixed,
                    .unused = kUnused,
                    .gguf_head = HeadKind::kNone};

}  // namespace linnet::models::families
