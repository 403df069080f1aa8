#include "linnet/models/families/gated_decoder.h"

namespace linnet::models::families {
namespace {

constexpr ArchitectureName kArchitectures[] = {
    {"SmolLM3ForCausalLM", HeadKind::kCausalLm},
    {"SmolLM3Model", HeadKind::kNone},
    {"SmolLM3ForSequenceClassification", HeadKind::kSequenceClass},
    {"SmolLM3ForTokenClassification", HeadKind::kTokenClass},
    {"SmolLM3ForQuestionAnswering", HeadKind::kQuestionAnswering, "transformer."}};

constexpr auto kFields = joined(
    kGatedDecoderFields, std::array{Field{{"attention_bias"}, &TransformerConfig::attention_bias},
                                    rule(rules::output_bias_is_attention_bias),
                                    Field{{"mlp_bias"}, &TransformerConfig::ffn_bias}, rule(rules::unrotated_layers)});

TransformerConfig defaults() {
  TransformerConfig c = gated_decoder_defaults();
  c.kv_heads = 4;
  c.rope.theta = 2'000'000;
  c.tie_embeddings = true;
  return c;
}

}  // namespace

extern const Family smollm3;
const Family smollm3{.model_type = "smollm3",
                     .architectures = kArchitectures,
                     .prefix = "model.",
                     .defaults = defaults(),
                     .fields = kFields,
                     .names = kGatedDecoderNames,
                     .unprefixed = kGatedDecoderUnprefixed,
                     .ignored = kGatedDecoderIgnored,
                     .lora_targets = kGatedDecoderLora,
                     .gguf_layout = {.rotary_rows = RotaryRows::kPairs}};

}  // namespace linnet::models::families
