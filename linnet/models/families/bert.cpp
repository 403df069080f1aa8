#include "linnet/models/family.h"

namespace linnet::models::families {
namespace {

constexpr auto kReadOnly = NamePair::Use::kReadOnly, kReadFirst = NamePair::Use::kReadFirst;
constexpr ArchitectureName kArchitectures[] = {{"BertModel", HeadKind::kNone},
                                               {"BertForMaskedLM", HeadKind::kMaskedLm},
                                               {"BertForPreTraining", HeadKind::kPretraining},
                                               {"BertForNextSentencePrediction", HeadKind::kNextSentence},
                                               {"BertForSequenceClassification", HeadKind::kSequenceClass},
                                               {"BertForTokenClassification", HeadKind::kTokenClass},
                                               {"BertForQuestionAnswering", HeadKind::kQuestionAnswering}};
constexpr std::pair<const char*, Activation> kActivations[] = {{"gelu", Activation::kGelu},
                                                               {"gelu_new", Activation::kGeluTanh},
                                                               {"gelu_pytorch_tanh", Activation::kGeluTanh},
                                                               {"relu", Activation::kRelu},
                                                               {"silu", Activation::kSilu}};

// Which heads stand on the pooler; the others read the stack's rows.
bool pools(HeadKind head) {
  return head == HeadKind::kNone || head == HeadKind::kPretraining || head == HeadKind::kNextSentence ||
         head == HeadKind::kSequenceClass;
}

void config(ConfigFields& f, TransformerConfig& c) {
  c.stack = Stack::kEncoder;
  c.norm_place = NormPlace::kAfter;
  c.embedding_norm = true;
  c.final_norm = false;
  c.pooling = Pooling::kFirst;
  c.classifier_bias = true;
  c.head_transform = true;
  c.pooler = pools(c.head);
  if (!f.writing()) c.norm_eps = 1e-12, c.token_types = 2, c.hidden_dropout = c.attention_dropout = 0.1;
  f.field({"vocab_size", nullptr, "vocab_size"}, c.vocab)
      .field({"hidden_size", nullptr, "embedding_length"}, c.hidden)
      .field({"num_hidden_layers", nullptr, "block_count"}, c.layers)
      .field({"num_attention_heads", nullptr, "attention.head_count"}, c.heads)
      .field({"intermediate_size", nullptr, "feed_forward_length"}, c.ffn)
      .field({"max_position_embeddings", nullptr, "context_length"}, c.max_positions)
      .field({"type_vocab_size", nullptr, "token_type_count"}, c.token_types, {.least = 0, .most = 65'536})
      .field({"layer_norm_eps", nullptr, "attention.layer_norm_epsilon"}, c.norm_eps)
      .field({"hidden_dropout_prob"}, c.hidden_dropout)
      .field({"attention_probs_dropout_prob"}, c.attention_dropout)
      .choice<Activation>({"hidden_act"}, c.activation, kActivations);
  bool causal = false;
  f.field({nullptr, nullptr, "attention.causal"}, causal);
  check(!causal, ErrorKind::kBadInput,
        "{}: attention.causal is true, which is not supported for bert; take another model", f.place());
  if (f.writing()) return;
  c.embedding_dropout = c.classifier_dropout = c.hidden_dropout;
  f.field({"classifier_dropout"}, c.classifier_dropout);
}

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
constexpr FixedField kFixed[] = {{"is_decoder", "[false]"}, {"position_embedding_type", R"(["absolute"])"}};
constexpr std::string_view kUnused[] = {"directionality",       "pooler_fc_size",       "pooler_num_attention_heads",
                                        "pooler_num_fc_layers", "pooler_size_per_head", "pooler_type"};

}  // namespace

extern const Family bert;
const Family bert{.model_type = "bert",
                  .architectures = kArchitectures,
                  .prefix = "bert.",
                  .config = config,
                  .names = kNames,
                  .unprefixed = kUnprefixed,
                  .ignored = kIgnored,
                  .lora_targets = kLora,
                  .gguf_head = HeadKind::kNone,
                  .fixed = kFixed,
                  .unused = kUnused};

}  // namespace linnet::models::families
