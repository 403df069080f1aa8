#include "linnet/models/families/gated_decoder.h"

namespace linnet::models::families {
namespace {

constexpr ArchitectureName kArchitectures[] = {{"StableLmForCausalLM", HeadKind::kCausalLm},
                                               {"StableLmModel", HeadKind::kNone},
                                               {"StableLmForSequenceClassification", HeadKind::kSequenceClass},
                                               {"StableLmForTokenClassification", HeadKind::kTokenClass}};

using C = TransformerConfig;
constexpr Field kFields[] = {
    {{"vocab_size", nullptr, "vocab_size"}, &C::vocab},
    {{"hidden_size", nullptr, "embedding_length"}, &C::hidden},
    {{"intermediate_size", nullptr, "feed_forward_length"}, &C::ffn},
    {{"num_hidden_layers", nullptr, "block_count"}, &C::layers, {.most = 10'000}},
    {{"num_attention_heads", nullptr, "attention.head_count"}, &C::heads},
    {{"num_key_value_heads", nullptr, "attention.head_count_kv"}, &C::kv_heads},
    {{"max_position_embeddings", nullptr, "context_length"}, &C::max_positions},
    {{"layer_norm_eps", nullptr, "attention.layer_norm_epsilon"}, &C::norm_eps},
    {{"hidden_act"}, &C::activation},
    {{"use_qkv_bias"}, &C::attention_bias},
    {{"attention_dropout"}, &C::attention_dropout},
    rule(rules::partial_is_written),
    rule(rules::rope),
};

// The reference library divides the hidden size by the number of heads.
constexpr FixedField kFixed[] = {{"hidden_dropout", "[0]"}};
constexpr std::string_view kUnused[] = {"head_dim"};

TransformerConfig defaults() {
  TransformerConfig c = gated_decoder_defaults();
  c.norm = Norm::kLayer;
  c.norm_eps = 1e-5;
  c.kv_heads = 32;
  c.rope.partial = 0.25;
  return c;
}

}  // namespace

extern const Family stablelm;
const Family stablelm{.model_type = "stablelm",
                      .architectures = kArchitectures,
                      .prefix = "model.",
                      .defaults = defaults(),
                      .fields = kFields,
                      .names = kGatedDecoderNames,
                      .unprefixed = kGatedDecoderUnprefixed,
                      .ignored = kGatedDecoderIgnored,
                      .lora_targets = kGatedDecoderLora,
                      .fixed = kFixed,
                      .unused = kUnused};

}  // namespace linnet::models::families
