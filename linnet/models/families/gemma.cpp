#include "linnet/models/families/gemma_decoder.h"

namespace linnet::models::families {
namespace {

constexpr ArchitectureName kArchitectures[] = {{"GemmaForCausalLM", HeadKind::kCausalLm},
                                               {"GemmaModel", HeadKind::kNone},
                                               {"GemmaForSequenceClassification", HeadKind::kSequenceClass},
                                               {"GemmaForTokenClassification", HeadKind::kTokenClass}};

constexpr auto kFields =
    joined(joined(std::array{rule(rules::gelu_is_tanh)}, kGatedDecoderFields),
           std::array{rule(rules::gelu_is_tanh), Field{{"attention_bias"}, &TransformerConfig::attention_bias},
                      rule(rules::output_bias_is_attention_bias), rule(rules::embedding_scale_is_root)});

// hidden_activation is an older name of hidden_act, with one known value.
constexpr FixedField kFixed[] = {{"use_bidirectional_attention", "[false]"},
                                 {"hidden_activation", R"(["gelu_pytorch_tanh"])"}};

TransformerConfig defaults() {
  TransformerConfig c = gemma_defaults();
  c.kv_heads = 16;
  return c;
}

}  // namespace

extern const Family gemma;
const Family gemma{.model_type = "gemma",
                   .architectures = kArchitectures,
                   .prefix = "model.",
                   .defaults = defaults(),
                   .fields = kFields,
                   .names = kGatedDecoderNames,
                   .unprefixed = kGatedDecoderUnprefixed,
                   .ignored = kGatedDecoderIgnored,
                   .lora_targets = kGatedDecoderLora,
                   .fixed = kFixed};

}  // namespace linnet::models::families
