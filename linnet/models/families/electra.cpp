#include "linnet/models/family.h"

namespace linnet::models::families {
namespace {

constexpr ArchitectureName kArchitectures[] = {
    {"ElectraModel", HeadKind::kNone},
    {"ElectraForPreTraining", HeadKind::kNone},  // its head tells replaced tokens from others: for pretraining only
    {"ElectraForMaskedLM", HeadKind::kMaskedLm},
    {"ElectraForSequenceClassification", HeadKind::kSequenceClass, {}, false, ClassifierKind::kMlp},
    {"ElectraForTokenClassification", HeadKind::kTokenClass},
    {"ElectraForQuestionAnswering", HeadKind::kQuestionAnswering}};

using C = TransformerConfig;
constexpr Field kFields[] = {
    {{"vocab_size"}, &C::vocab},
    {{"embedding_size"}, &C::embedding_size},
    {{"hidden_size"}, &C::hidden},
    {{"num_hidden_layers"}, &C::layers},
    {{"num_attention_heads"}, &C::heads},
    {{"intermediate_size"}, &C::ffn},
    {{"max_position_embeddings"}, &C::max_positions},
    {{"type_vocab_size"}, &C::token_types, {.least = 0, .most = 65'536}},
    {{"layer_norm_eps"}, &C::norm_eps},
    {{"hidden_dropout_prob"}, &C::hidden_dropout},
    {{"attention_probs_dropout_prob"}, &C::attention_dropout},
    {{"hidden_act"}, &C::activation},
    rule(rules::projection_if_widths_differ),
    rule(rules::embedding_dropout_is_hidden),
    rule(rules::classifier_dropout_is_hidden),
    {{"classifier_dropout"}, &C::classifier_dropout, {}, Field::Use::kReadOnly},
    rule(rules::token_dropout_is_classifier),
};

constexpr NamePair kNames[] = {
    {"embeddings.tokens", "embeddings.word_embeddings"},
    {"embeddings.positions", "embeddings.position_embeddings"},
    {"embeddings.types", "embeddings.token_type_embeddings"},
    {"embeddings.norm", "embeddings.LayerNorm"},
    {"embeddings.projection", "embeddings_project"},
    {"layers.{}.attention.query", "encoder.layer.{}.attention.self.query"},
    {"layers.{}.attention.key", "encoder.layer.{}.attention.self.key"},
    {"layers.{}.attention.value", "encoder.layer.{}.attention.self.value"},
    {"layers.{}.attention.output", "encoder.layer.{}.attention.output.dense"},
    {"layers.{}.attention_norm", "encoder.layer.{}.attention.output.LayerNorm"},
    {"layers.{}.ffn.up", "encoder.layer.{}.intermediate.dense"},
    {"layers.{}.ffn.down", "encoder.layer.{}.output.dense"},
    {"layers.{}.ffn_norm", "encoder.layer.{}.output.LayerNorm"},
    {"head.transform", "generator_predictions.dense"},
    {"head.norm", "generator_predictions.LayerNorm"},
    {"head.output_bias", "generator_lm_head.bias"},
    {"head.output", "generator_lm_head"},
    {"head.dense", "classifier.dense"},
    {"head.classifier", "classifier.out_proj"},
    {"head.token_classifier", "classifier"},
    {"head.spans", "qa_outputs"},
};
constexpr std::string_view kUnprefixed[] = {"generator_predictions", "generator_lm_head", "classifier", "qa_outputs"};
constexpr std::string_view kIgnored[] = {"embeddings.position_ids", "discriminator_predictions"};
constexpr std::string_view kLora[] = {"query", "value"};
constexpr FixedField kFixed[] = {{"is_decoder", "[false]"}, {"position_embedding_type", R"(["absolute"])"}};
constexpr std::string_view kUnused[] = {"summary_activation", "summary_last_dropout", "summary_type",
                                        "summary_use_proj"};  // of multiple choice

}  // namespace

extern const Family electra;
const Family electra{.model_type = "electra",
                     .architectures = kArchitectures,
                     .prefix = "electra.",
                     .defaults = {.stack = Stack::kEncoder,
                                  .embedding_size = 128,
                                  .token_types = 2,
                                  .norm_place = NormPlace::kAfter,
                                  .norm_eps = 1e-12,
                                  .embedding_norm = true,
                                  .final_norm = false,
                                  .head_transform = true,
                                  .transform_activation = Activation::kGelu,
                                  .pooling = Pooling::kFirst,
                                  .classifier_activation = Activation::kGelu,
                                  .classifier_bias = true,
                                  .hidden_dropout = 0.1,
                                  .attention_dropout = 0.1},
                     .fields = kFields,
                     .names = kNames,
                     .unprefixed = kUnprefixed,
                     .ignored = kIgnored,
                     .lora_targets = kLora,
                     .fixed = kFixed,
                     .unused = kUnused,
                     .gguf_head = HeadKind::kNone};

}  // namespace linnet::models::families
