#include "linnet/models/families/gated_decoder.h"

namespace linnet::models::families {
namespace {

constexpr ArchitectureName kArchitectures[] = {
    {"Qwen3ForCausalLM", HeadKind::kCausalLm},
    {"Qwen3Model", HeadKind::kNone},
    {"Qwen3ForSequenceClassification", HeadKind::kSequenceClass},
    {"Qwen3ForTokenClassification", HeadKind::kTokenClass},
    {"Qwen3ForQuestionAnswering", HeadKind::kQuestionAnswering, "transformer."}};

constexpr auto kFields = joined(
    kGatedDecoderFields, std::array{Field{{"attention_bias"}, &TransformerConfig::attention_bias},
                                    rule(rules::output_bias_is_attention_bias), rule(rules::sliding_window_if_used)});

TransformerConfig defaults() {
  TransformerConfig c = gated_decoder_defaults();
  c.query_key_norm = QueryKeyNorm::kHead;
  c.head_dim = 128;
  c.kv_heads = 32;
  return c;
}

}  // namespace

extern const Family qwen3;
const Family qwen3{.model_type = "qwen3",
                   .architectures = kArchitectures,
                   .prefix = "model.",
                   .defaults = defaults(),
                   .fields = kFields,
                   .names = kGatedDecoderNames,
                   .unprefixed = kGatedDecoderUnprefixed,
                   .ignored = kGatedDecoderIgnored,
                   .lora_targets = kGatedDecoderLora};

}  // namespace linnet::models::families
