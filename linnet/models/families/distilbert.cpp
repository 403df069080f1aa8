#include "linnet/models/family.h"

namespace linnet::models::families {
namespace {

constexpr ArchitectureName kArchitectures[] = {
    {"DistilBertModel", HeadKind::kNone},
    {"DistilBertForMaskedLM", HeadKind::kMaskedLm},
    {"DistilBertForSequenceClassification", HeadKind::kSequenceClass, {}, false, ClassifierKind::kMlp},
    {"DistilBertForTokenClassification", HeadKind::kTokenClass},
    {"DistilBertForQuestionAnswering", HeadKind::kQuestionAnswering}};

using C = TransformerConfig;
constexpr Field kFields[] = {
    {{"vocab_size"}, &C::vocab},
    {{"dim", "hidden_size"}, &C::hidden},
    {{"n_layers", "num_hidden_layers"}, &C::layers},
    {{"n_heads", "num_attention_heads"}, &C::heads},
    {{"hidden_dim"}, &C::ffn},
    {{"max_position_embeddings"}, &C::max_positions},
    {{"sinusoidal_pos_embds"}, &C::sinusoidal_positions},
    {{"dropout"}, &C::hidden_dropout},
    {{"attention_dropout"}, &C::attention_dropout},
    {{"qa_dropout"}, &C::question_dropout},
    {{"seq_classif_dropout"}, &C::classifier_dropout},
    {{"activation"}, &C::activation},
    rule(rules::embedding_dropout_is_hidden),
    rule(rules::token_dropout_is_hidden),
};

constexpr NamePair kNames[] = {
    {"embeddings.tokens", "embeddings.word_embeddings"},
    {"embeddings.positions", "embeddings.position_embeddings"},
    {"embeddings.norm", "embeddings.LayerNorm"},
    {"layers.{}.attention.query", "transformer.layer.{}.attention.q_lin"},
    {"layers.{}.attention.key", "transformer.layer.{}.attention.k_lin"},
    {"layers.{}.attention.value", "transformer.layer.{}.attention.v_lin"},
    {"layers.{}.attention.output", "transformer.layer.{}.attention.out_lin"},
    {"layers.{}.attention_norm", "transformer.layer.{}.sa_layer_norm"},
    {"layers.{}.ffn.up", "transformer.layer.{}.ffn.lin1"},
    {"layers.{}.ffn.down", "transformer.layer.{}.ffn.lin2"},
    {"layers.{}.ffn_norm", "transformer.layer.{}.output_layer_norm"},
    {"head.transform", "vocab_transform"},
    {"head.norm", "vocab_layer_norm"},
    {"head.output_bias", "vocab_projector.bias"},
    {"head.output", "vocab_projector"},
    {"head.dense", "pre_classifier"},
    {"head.classifier", "classifier"},
    {"head.token_classifier", "classifier"},
    {"head.spans", "qa_outputs"},
};
constexpr std::string_view kUnprefixed[] = {"vocab_transform", "vocab_layer_norm", "vocab_projector",
                                            "pre_classifier",  "classifier",       "qa_outputs"};
constexpr std::string_view kIgnored[] = {"embeddings.position_ids"};
constexpr std::string_view kLora[] = {"q_lin", "v_lin"};
constexpr std::string_view kUnused[] = {"tie_weights_"};

}  // namespace

extern const Family distilbert;
const Family distilbert{.model_type = "distilbert",
                        .architectures = kArchitectures,
                        .prefix = "distilbert.",
                        .defaults = {.stack = Stack::kEncoder,
                                     .norm_place = NormPlace::kAfter,
                                     .norm_eps = 1e-12,
                                     .embedding_norm = true,
                                     .final_norm = false,
                                     .head_transform = true,
                                     .pooling = Pooling::kFirst,
                                     .classifier_activation = Activation::kRelu,
                                     .classifier_input_dropout = false,
                                     .classifier_bias = true,
                                     .hidden_dropout = 0.1,
                                     .attention_dropout = 0.1,
                                     .classifier_dropout = 0.2,
                                     .question_dropout = 0.1},
                        .fields = kFields,
                        .names = kNames,
                        .unprefixed = kUnprefixed,
                        .ignored = kIgnored,
                        .lora_targets = kLora,
                        .unused = kUnused,
                        .gguf_head = HeadKind::kNone};

}  // namespace linnet::models::families
