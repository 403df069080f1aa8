#include "linnet/models/family.h"

namespace linnet::models::families {
namespace {

constexpr ArchitectureName kArchitectures[] = {{"BloomForCausalLM", HeadKind::kCausalLm},
                                               {"BloomModel", HeadKind::kNone},
                                               {"BloomForSequenceClassification", HeadKind::kSequenceClass},
                                               {"BloomForTokenClassification", HeadKind::kTokenClass},
                                               {"BloomForQuestionAnswering", HeadKind::kQuestionAnswering}};

void config(ConfigFields& f, TransformerConfig& c) {
  c.positions = Positions::kAlibi;
  c.activation = Activation::kGeluTanh;
  c.embedding_norm = true;
  // llama.cpp's converter regroups the rows that a checkpoint interleaves per head.
  c.qkv = f.of_gguf() ? Qkv::kStacked : Qkv::kPerHead;
  f.field({"vocab_size", nullptr, "vocab_size"}, c.vocab)
      .field({"hidden_size", "n_embed", "embedding_length"}, c.hidden)
      .field({"n_layer", "num_hidden_layers", "block_count"}, c.layers)
      .field({"n_head", "num_attention_heads", "attention.head_count"}, c.heads)
      .field({"layer_norm_epsilon", nullptr, "attention.layer_norm_epsilon"}, c.norm_eps)
      .field({"hidden_dropout"}, c.hidden_dropout)
      .field({"attention_dropout"}, c.attention_dropout);
  bool normed = c.residual == Residual::kNormed;
  f.field({"apply_residual_connection_post_layernorm"}, normed);
  c.residual = normed ? Residual::kNormed : Residual::kInput;
  c.ffn = 4 * c.hidden;
  std::int64_t trained_on = 2048;  // no limit: ALiBi goes on; llama.cpp wants a number
  if (f.writing())
    f.field({nullptr, nullptr, "context_length"}, trained_on).field({nullptr, nullptr, "feed_forward_length"}, c.ffn);
  c.classifier_dropout = c.hidden_dropout;
}

constexpr NamePair kNames[] = {
    {"embeddings.tokens", "word_embeddings", "token_embd"},
    {"embeddings.norm", "word_embeddings_layernorm", "token_embd_norm"},
    {"layers.{}.attention_norm", "h.{}.input_layernorm", "blk.{}.attn_norm"},
    {"layers.{}.attention.qkv", "h.{}.self_attention.query_key_value", "blk.{}.attn_qkv"},
    {"layers.{}.attention.output", "h.{}.self_attention.dense", "blk.{}.attn_output"},
    {"layers.{}.ffn_norm", "h.{}.post_attention_layernorm", "blk.{}.ffn_norm"},
    {"layers.{}.ffn.up", "h.{}.mlp.dense_h_to_4h", "blk.{}.ffn_up"},
    {"layers.{}.ffn.down", "h.{}.mlp.dense_4h_to_h", "blk.{}.ffn_down"},
    {"final_norm", "ln_f", "output_norm"},
    {"head.output", "lm_head", "output"},
    {"head.dense", "linnet_head_dense"},
    {"head.classifier", "score"},
    {"head.token_classifier", "classifier"},
    {"head.spans", "qa_outputs"},
};
constexpr std::string_view kUnprefixed[] = {"lm_head", "score", "classifier", "qa_outputs", "linnet_head_dense"};
constexpr std::string_view kLora[] = {"query_key_value"};
constexpr FixedField kFixed[] = {{"skip_bias_add_qkv", "[false]"}};
constexpr std::string_view kUnused[] = {"attention_softmax_in_fp32",
                                        "bias_dropout_fusion",
                                        "masked_softmax_fusion",
                                        "n_inner",
                                        "offset_alibi",
                                        "seq_length",
                                        "skip_bias_add",
                                        "slow_but_exact"};

}  // namespace

extern const Family bloom;
const Family bloom{.model_type = "bloom",
                   .architectures = kArchitectures,
                   .prefix = "transformer.",
                   .config = config,
                   .names = kNames,
                   .unprefixed = kUnprefixed,
                   .lora_targets = kLora,
                   .fixed = kFixed,
                   .unused = kUnused};

}  // namespace linnet::models::families
