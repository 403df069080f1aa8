#include "linnet/models/family.h"

namespace linnet::models::families {
namespace {

constexpr auto kReadOnly = NamePair::Use::kReadOnly, kReadFirst = NamePair::Use::kReadFirst;
constexpr ArchitectureName kArchitectures[] = {{"BertModel", HeadKind::kNone, {}, true},
                                               {"BertForMaskedLM", HeadKind::kMaskedLm},
                                               {"BertForPreTraining", HeadKind::kPretraining, {}, true},
                                               {"BertForNextSentencePrediction", HeadKind::kNextSentence, {}, true},
                                               {"BertForSequenceClassification", HeadKind::kSequenceClass, {}, true},
                                               {"BertForTokenClassification", HeadKind::kTokenClass},
                                               {"BertForQuestionAnswering", HeadKind::kQuestionAnswering}};

using C = TransformerConfig;
constexpr Field kFields[] = {
    {{"vocab_size", nullptr, "vocab_size"}, &C::vocab},
    {{"hidden_size", nullptr, "embedding_length"}, &C::hidden},
    {{"num_hidden_layers", nullptr, "block_count"}, &C::layers},
    {{"num_attention_heads", nullptr, "attention.head_count"}, &C::heads},
    {{"intermediate_size", nullptr, "feed_forward_length"}, &C::ffn},
    {{"max_position_embeddings", nullptr, "context_length"}, &C::max_positions},
    {{"type_vocab_size", nullptr, "token_type_count"}, &C::token_types, {.least = 0, .most = 65'536}},
    {{"layer_norm_eps", nullptr, "attention.layer_norm_epsilon"}, &C::norm_eps},
    {{"hidden_dropout_prob"}, &C::hidden_dropout},
    {{"attention_probs_dropout_prob"}, &C::attention_dropout},
    {{"hidden_act"}, &C::activation},
    rule(rules::embedding_dropout_is_hidden),
    rule(rules::classifier_dropout_is_hidden),
    {{"classifier_dropout"}, &C::classifier_dropout, {}, Field::Use::kReadOnly},
    rule(rules::token_dropout_is_classifier),
};

constexpr NamePair kNames[] = {
    {"embeddings.tokens", "embeddings.word_embeddings", "token_embd"},
    {"embeddings.positions", "embeddings.position_embeddings", "position_embd"},
    {"embeddings.types", "embeddings.token_type_embeddings", "token_types"},
    {"embeddings.norm", "embeddings.LayerNorm", "token_embd_norm"},
    {"layers.{}.attention.query", "encoder.layer.{}.attention.self.query", "blk.{}.attn_q"},
    {"layers.{}.attention.key", "encoder.layer.{}.attention.self.key", "blk.{}.attn_k"},
    {"layers.{}.attention.value", "encoder.layer.{}.attention.self.value", "blk.{}.attn_v"},
    {"layers.{}.attention.output", "encoder.layer.{}.attention.output.dense", "blk.{}.attn_output"},
    {"layers.{}.attention_norm", "encoder.layer.{}.attention.output.LayerNorm", "blk.{}.attn_output_norm"},
    {"layers.{}.ffn.up", "encoder.layer.{}.intermediate.dense", "blk.{}.ffn_up"},
    {"layers.{}.ffn.down", "encoder.layer.{}.output.dense", "blk.{}.ffn_down"},
    {"layers.{}.ffn_norm", "encoder.layer.{}.output.LayerNorm", "blk.{}.layer_output_norm"},
    {"pooler", "pooler.dense"},
    {"head.transform", "cls.predictions.transform.dense"},
    {"head.norm", "cls.predictions.transform.LayerNorm"},
    {"head.output_bias", "cls.predictions.decoder.bias", {}, kReadFirst},
    {"head.output", "cls.predictions.decoder"},
    {"head.output_bias", "cls.predictions.bias"},
    {"head.output.bias", "cls.predictions.bias", {}, kReadOnly},
    {"head.next_sentence", "cls.seq_relationship"},
    {"head.dense", "linnet_head_dense"},
    {"head.classifier", "classifier"},
    {"head.token_classifier", "classifier"},
    {"head.spans", "qa_outputs"},
};
constexpr std::string_view kUnprefixed[] = {"cls", "classifier", "qa_outputs", "linnet_head_dense"};
constexpr std::string_view kIgnored[] = {"embeddings.position_ids"};
constexpr std::string_view kLora[] = {"query", "value"};
constexpr FixedField kGgufFixed[] = {{"attention.causal", "[false]"}};
constexpr FixedField kFixed[] = {{"is_decoder", "[false]"}, {"position_embedding_type", R"(["absolute"])"}};
constexpr std::string_view kUnused[] = {"directionality",       "pooler_fc_size",       "pooler_num_attention_heads",
                                        "pooler_num_fc_layers", "pooler_size_per_head", "pooler_type"};

}  // namespace

extern const Family bert;
const Family bert{.model_type = "bert",
                  .architectures = kArchitectures,
                  .prefix = "bert.",
                  .defaults = {.stack = Stack::kEncoder,
                               .token_types = 2,
                               .norm_place = NormPlace::kAfter,
                               .norm_eps = 1e-12,
                               .embedding_norm = true,
                               .final_norm = false,
                               .head_transform = true,
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
                  .unused = kUnused,
                  .gguf_head = HeadKind::kNone,
                  .gguf_fixed = kGgufFixed};

}  // namespace linnet::models::families
