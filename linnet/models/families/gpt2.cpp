#include "linnet/models/family.h"

namespace linnet::models::families {
namespace {

constexpr ArchitectureName kArchitectures[] = {{"GPT2LMHeadModel", HeadKind::kCausalLm},
                                               {"GPT2Model", HeadKind::kNone},
                                               {"GPT2ForSequenceClassification", HeadKind::kSequenceClass},
                                               {"GPT2ForTokenClassification", HeadKind::kTokenClass},
                                               {"GPT2ForQuestionAnswering", HeadKind::kQuestionAnswering}};
constexpr std::pair<const char*, Activation> kActivations[] = {
    {"gelu_new", Activation::kGeluTanh}, {"gelu_pytorch_tanh", Activation::kGeluTanh},
    {"gelu", Activation::kGelu},         {"relu", Activation::kRelu},
    {"silu", Activation::kSilu},         {"tanh", Activation::kTanh}};

void config(ConfigFields& f, TransformerConfig& c) {
  if (!f.writing()) c.activation = Activation::kGeluTanh;
  c.qkv = Qkv::kStacked;
  c.weight_layout = f.of_gguf() ? WeightLayout::kOutIn : WeightLayout::kInOut;  // its Conv1D stores [in, out]
  f.field({"vocab_size", nullptr, "vocab_size"}, c.vocab)
      .field({"n_embd", "hidden_size", "embedding_length"}, c.hidden)
      .field({"n_layer", "num_hidden_layers", "block_count"}, c.layers)
      .field({"n_head", "num_attention_heads", "attention.head_count"}, c.heads)
      .field({"n_positions", "max_position_embeddings", "context_length"}, c.max_positions)
      .field({"n_inner", nullptr, "feed_forward_length"}, c.ffn)
      .field({"layer_norm_epsilon", nullptr, "attention.layer_norm_epsilon"}, c.norm_eps)
      .field({"embd_pdrop"}, c.embedding_dropout)
      .field({"resid_pdrop"}, c.hidden_dropout)
      .field({"attn_pdrop"}, c.attention_dropout)
      .choice<Activation>({"activation_function"}, c.activation, kActivations);
  using nn::AttentionScale;
  bool by_head = c.attention_scale == AttentionScale::kHeadDim || c.attention_scale == AttentionScale::kHeadDimAndLayer;
  bool by_layer = c.attention_scale == AttentionScale::kLayer || c.attention_scale == AttentionScale::kHeadDimAndLayer;
  f.field({"scale_attn_weights"}, by_head).field({"scale_attn_by_inverse_layer_idx"}, by_layer);
  c.attention_scale = by_layer ? (by_head ? AttentionScale::kHeadDimAndLayer : AttentionScale::kLayer)
                               : (by_head ? AttentionScale::kHeadDim : AttentionScale::kNone);
  if (c.ffn == 0) c.ffn = 4 * c.hidden;
}

constexpr NamePair kNames[] = {
    {"embeddings.tokens", "wte", "token_embd"},
    {"embeddings.positions", "wpe", "position_embd"},
    {"layers.{}.attention_norm", "h.{}.ln_1", "blk.{}.attn_norm"},
    {"layers.{}.attention.qkv", "h.{}.attn.c_attn", "blk.{}.attn_qkv"},
    {"layers.{}.attention.output", "h.{}.attn.c_proj", "blk.{}.attn_output"},
    {"layers.{}.ffn_norm", "h.{}.ln_2", "blk.{}.ffn_norm"},
    {"layers.{}.ffn.up", "h.{}.mlp.c_fc", "blk.{}.ffn_up"},
    {"layers.{}.ffn.down", "h.{}.mlp.c_proj", "blk.{}.ffn_down"},
    {"final_norm", "ln_f", "output_norm"},
    {"head.output", "lm_head", "output"},
    {"head.dense", "linnet_head_dense"},
    {"head.classifier", "score"},
    {"head.token_classifier", "classifier"},
    {"head.spans", "qa_outputs"},
};
constexpr std::string_view kUnprefixed[] = {"lm_head", "score", "classifier", "qa_outputs", "linnet_head_dense"};
constexpr std::string_view kIgnored[] = {"h.{}.attn.bias", "h.{}.attn.masked_bias"};
constexpr std::string_view kLora[] = {"c_attn"};
constexpr std::string_view kUnused[] = {"n_ctx",
                                        "predict_special_tokens",
                                        "reorder_and_upcast_attn",
                                        "summary_activation",
                                        "summary_first_dropout",
                                        "summary_proj_to_labels",
                                        "summary_type",
                                        "summary_use_proj"};

}  // namespace

extern const Family gpt2;
const Family gpt2{.model_type = "gpt2",
                  .architectures = kArchitectures,
                  .prefix = "transformer.",
                  .config = config,
                  .names = kNames,
                  .unprefixed = kUnprefixed,
                  .ignored = kIgnored,
                  .lora_targets = kLora,
                  .unused = kUnused};

}  // namespace linnet::models::families
