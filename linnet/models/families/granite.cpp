#include "linnet/models/families/gated_decoder.h"

namespace linnet::models::families {
namespace {

constexpr ArchitectureName kArchitectures[] = {{"GraniteForCausalLM", HeadKind::kCausalLm},
                                               {"GraniteModel", HeadKind::kNone}};

constexpr auto kFields =
    joined(kGatedDecoderFields,
           std::array{Field{{"attention_bias"}, &TransformerConfig::attention_bias},
                      rule(rules::output_bias_is_attention_bias), Field{{"mlp_bias"}, &TransformerConfig::ffn_bias},
                      Field{{"embedding_multiplier", nullptr, "embedding_scale"}, &TransformerConfig::input_scale},
                      Field{{"residual_multiplier", nullptr, "residual_scale"}, &TransformerConfig::residual_scale},
                      rule(rules::attention_multiplier),
                      Field{{"logits_scaling", nullptr, "logit_scale"}, &TransformerConfig::output_divisor}});

// A file with false has no rotary positions.
constexpr FixedField kGgufFixed[] = {{"rope.scaling.finetuned", "[true]"}};

TransformerConfig defaults() {
  TransformerConfig c = gated_decoder_defaults();
  c.attention_scale = nn::AttentionScale::kNone;
  return c;
}

}  // namespace

extern const Family granite;
const Family granite{.model_type = "granite",
                     .architectures = kArchitectures,
                     .prefix = "model.",
                     .defaults = defaults(),
                     .fields = kFields,
                     .names = kGatedDecoderNames,
                     .unprefixed = kGatedDecoderUnprefixed,
                     .ignored = kGatedDecoderIgnored,
                     .lora_targets = kGatedDecoderLora,
                     .gguf_layout = {.rotary_rows = RotaryRows::kPairs},
                     .gguf_fixed = kGgufFixed};

}  // namespace linnet::models::families
