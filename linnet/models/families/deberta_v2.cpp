#include "linnet/models/family.h"

namespace linnet::models::families {
namespace {

constexpr ArchitectureName kArchitectures[] = {
    {"DebertaV2ForMaskedLM", HeadKind::kMaskedLm},
    {"DebertaV2Model", HeadKind::kNone},
    {"DebertaV2ForSequenceClassification", HeadKind::kSequenceClass, {}, true},
    {"DebertaV2ForTokenClassification", HeadKind::kTokenClass},
    {"DebertaV2ForQuestionAnswering", HeadKind::kQuestionAnswering}};

constexpr Field kFields[] = {
    {{"vocab_size"}, &TransformerConfig::vocab},
    {{"hidden_size"}, &TransformerConfig::hidden},
    {{"num_hidden_layers"}, &TransformerConfig::layers},
    {{"num_attention_heads"}, &TransformerConfig::heads},
    {{"intermediate_size"}, &TransformerConfig::ffn},
    {{"attention_head_size"}, &TransformerConfig::head_dim},
    {{"max_position_embeddings"}, &TransformerConfig::max_positions},
    {{"type_vocab_size"}, &TransformerConfig::token_types, {.least = 0, .most = 65'536}},
    {{"layer_norm_eps"}, &TransformerConfig::norm_eps},
    {{"hidden_dropout_prob"}, &TransformerConfig::hidden_dropout},
    {{"attention_probs_dropout_prob"}, &TransformerConfig::attention_dropout},
    {{"hidden_act"}, &TransformerConfig::activation},
    {{"pooler_hidden_act"}, &TransformerConfig::pooler_activation},
    {{"share_att_key"}, &TransformerConfig::relative_shares},
    rule(rules::disentangled_attention),
    rule(rules::legacy_names),
    rule(rules::embedding_dropout_is_hidden),
    rule(rules::classifier_dropout_is_hidden),
    {{"cls_dropout"}, &TransformerConfig::classifier_dropout, {}, Field::Use::kReadOnly},
    rule(rules::token_dropout_is_hidden),
};

constexpr NamePair kNames[] = {
    {"embeddings.tokens", "embeddings.word_embeddings"},
    {"embeddings.positions", "embeddings.position_embeddings"},
    {"embeddings.types", "embeddings.token_type_embeddings"},
    {"embeddings.norm", "embeddings.LayerNorm"},
    {"relative_positions.table", "encoder.rel_embeddings"},
    {"relative_positions.norm", "encoder.LayerNorm"},
    {"layers.{}.attention.query", "encoder.layer.{}.attention.self.query_proj"},
    {"layers.{}.attention.key", "encoder.layer.{}.attention.self.key_proj"},
    {"layers.{}.attention.value", "encoder.layer.{}.attention.self.value_proj"},
    {"layers.{}.attention.position_query", "encoder.layer.{}.attention.self.pos_query_proj"},
    {"layers.{}.attention.position_key", "encoder.layer.{}.attention.self.pos_key_proj"},
    {"layers.{}.attention.output", "encoder.layer.{}.attention.output.dense"},
    {"layers.{}.attention_norm", "encoder.layer.{}.attention.output.LayerNorm"},
    {"layers.{}.ffn.up", "encoder.layer.{}.intermediate.dense"},
    {"layers.{}.ffn.down", "encoder.layer.{}.output.dense"},
    {"layers.{}.ffn_norm", "encoder.layer.{}.output.LayerNorm"},
    {"pooler", "pooler.dense"},
    {"head.transform", "cls.predictions.transform.dense"},
    {"head.norm", "cls.predictions.transform.LayerNorm"},
    {"head.output_bias", "cls.predictions.decoder.bias", {}, NamePair::Use::kReadFirst},
    {"head.output", "cls.predictions.decoder"},
    {"head.output_bias", "cls.predictions.bias"},
    {"head.output.bias", "cls.predictions.bias", {}, NamePair::Use::kReadOnly},
    // The names of `legacy: false`, and of the files of the authors.
    {"head.transform", "lm_predictions.lm_head.dense", {}, NamePair::Use::kReadOnly},
    {"head.norm", "lm_predictions.lm_head.LayerNorm", {}, NamePair::Use::kReadOnly},
    {"head.output_bias", "lm_predictions.lm_head.bias", {}, NamePair::Use::kReadOnly},
    {"head.classifier", "classifier"},
    {"head.token_classifier", "classifier"},
    {"head.spans", "qa_outputs"},
};
constexpr std::string_view kUnprefixed[] = {"cls", "pooler", "classifier", "qa_outputs", "lm_predictions"};
// Of the discriminator that trained it.
constexpr std::string_view kIgnored[] = {"embeddings.position_ids", "mask_predictions"};
constexpr std::string_view kLora[] = {"query_proj", "value_proj"};
constexpr FixedField kFixed[] = {
    {"conv_kernel_size", "[0]"}, {"is_decoder", "[false]"}, {"pooler_dropout", "[0]"}, {"z_steps", "[0, 1]"}};
constexpr std::string_view kUnused[] = {"conv_act", "pooler_hidden_size"};

}  // namespace

extern const Family deberta_v2;
const Family deberta_v2{.model_type = "deberta-v2",
                        .architectures = kArchitectures,
                        .prefix = "deberta.",
                        .defaults = {.stack = Stack::kEncoder,
                                     .max_positions = 512,
                                     .token_types = 0,
                                     .norm_place = NormPlace::kAfter,
                                     .norm_eps = 1e-7,
                                     .embedding_norm = true,
                                     .final_norm = false,
                                     .pooler_activation = Activation::kGelu,
                                     .head_transform = true,
                                     .pooling = Pooling::kFirst,
                                     .classifier_bias = true,
                                     .hidden_dropout = 0.1,
                                     .attention_dropout = 0.1,
                                     .pad_id = 0},
                        .fields = kFields,
                        .names = kNames,
                        .unprefixed = kUnprefixed,
                        .ignored = kIgnored,
                        .lora_targets = kLora,
                        .fixed = kFixed,
                        .unused = kUnused,
                        .gguf_head = HeadKind::kNone};

}  // namespace linnet::models::families
