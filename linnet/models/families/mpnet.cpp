#include "linnet/models/family.h"

namespace linnet::models::families {
namespace {

constexpr ArchitectureName kArchitectures[] = {
    {"MPNetModel", HeadKind::kNone, {}, true},
    {"MPNetForMaskedLM", HeadKind::kMaskedLm},
    {"MPNetForSequenceClassification", HeadKind::kSequenceClass, {}, false, ClassifierKind::kMlp},
    {"MPNetForTokenClassification", HeadKind::kTokenClass},
    {"MPNetForQuestionAnswering", HeadKind::kQuestionAnswering}};

using C = TransformerConfig;
constexpr Field kFields[] = {
    {{"vocab_size"}, &C::vocab},
    {{"hidden_size"}, &C::hidden},
    {{"num_hidden_layers"}, &C::layers},
    {{"num_attention_heads"}, &C::heads},
    {{"intermediate_size"}, &C::ffn},
    rule(rules::positions_after_offset),
    {{"layer_norm_eps"}, &C::norm_eps},
    {{"hidden_dropout_prob"}, &C::hidden_dropout},
    {{"attention_probs_dropout_prob"}, &C::attention_dropout},
    {{"hidden_act"}, &C::activation},
    rule(rules::embedding_dropout_is_hidden),
    rule(rules::classifier_dropout_is_hidden),
    rule(rules::token_dropout_is_hidden),
};

constexpr NamePair kNames[] = {
    {"embeddings.tokens", "embeddings.word_embeddings"},
    {"embeddings.positions", "embeddings.position_embeddings"},
    {"embeddings.norm", "embeddings.LayerNorm"},
    {"layers.{}.attention.query", "encoder.layer.{}.attention.attn.q"},
    {"layers.{}.attention.key", "encoder.layer.{}.attention.attn.k"},
    {"layers.{}.attention.value", "encoder.layer.{}.attention.attn.v"},
    {"layers.{}.attention.output", "encoder.layer.{}.attention.attn.o"},
    {"layers.{}.attention_norm", "encoder.layer.{}.attention.LayerNorm"},
    {"layers.{}.ffn.up", "encoder.layer.{}.intermediate.dense"},
    {"layers.{}.ffn.down", "encoder.layer.{}.output.dense"},
    {"layers.{}.ffn_norm", "encoder.layer.{}.output.LayerNorm"},
    {"distance_bias", "encoder.relative_attention_bias"},
    {"pooler", "pooler.dense"},
    {"head.transform", "lm_head.dense"},
    {"head.norm", "lm_head.layer_norm"},
    {"head.output_bias", "lm_head.decoder.bias", {}, NamePair::Use::kReadFirst},
    {"head.output", "lm_head.decoder"},
    {"head.output_bias", "lm_head.bias"},
    {"head.output.bias", "lm_head.bias", {}, NamePair::Use::kReadOnly},
    {"head.dense", "classifier.dense"},
    {"head.classifier", "classifier.out_proj"},
    {"head.token_classifier", "classifier"},
    {"head.spans", "qa_outputs"},
};
constexpr std::string_view kUnprefixed[] = {"lm_head", "classifier", "qa_outputs"};
constexpr std::string_view kIgnored[] = {"embeddings.position_ids"};
constexpr std::string_view kLora[] = {"attn.q", "attn.v"};
constexpr FixedField kFixed[] = {{"relative_attention_num_buckets", "[32]"}};

}  // namespace

extern const Family mpnet;
const Family mpnet{.model_type = "mpnet",
                   .architectures = kArchitectures,
                   .prefix = "mpnet.",
                   .defaults = {.stack = Stack::kEncoder,
                                .position_offset = 2,
                                .padding_has_no_position = true,
                                .distance_buckets = 32,
                                .norm_place = NormPlace::kAfter,
                                .norm_eps = 1e-12,
                                .embedding_norm = true,
                                .final_norm = false,
                                .head_transform = true,
                                .transform_activation = Activation::kGelu,
                                .pooling = Pooling::kFirst,
                                .classifier_bias = true,
                                .hidden_dropout = 0.1,
                                .attention_dropout = 0.1},
                   .fields = kFields,
                   .names = kNames,
                   .unprefixed = kUnprefixed,
                   .ignored = kIgnored,
                   .lora_targets = kLora,
                   .fixed = kFixed,
                   .gguf_head = HeadKind::kNone};

}  // namespace linnet::models::families
