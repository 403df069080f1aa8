#include "linnet/models/families/gated_decoder.h"

namespace linnet::models::families {
namespace {

constexpr ArchitectureName kArchitectures[] = {
    {"Qwen2ForCausalLM", HeadKind::kCausalLm},
    {"Qwen2Model", HeadKind::kNone},
    {"Qwen2ForSequenceClassification", HeadKind::kSequenceClass},
    {"Qwen2ForTokenClassification", HeadKind::kTokenClass},
    {"Qwen2ForQuestionAnswering", HeadKind::kQuestionAnswering, "transformer."}};

constexpr auto kFields = joined(kGatedDecoderFields, std::array{rule(rules::sliding_window_if_used)});

// Query, key and value have biases; no field says so.
TransformerConfig defaults() {
  TransformerConfig c = gated_decoder_defaults();
  c.attention_bias = true;
  c.kv_heads = 32;
  return c;
}

}  // namespace

extern const Family qwen2;
const Family qwen2{.model_type = "qwen2",
                   .architectures = kArchitectures,
                   .prefix = "model.",
                   .defaults = defaults(),
                   .fields = kFields,
                   .names = kGatedDecoderNames,
                   .unprefixed = kGatedDecoderUnprefixed,
                   .ignored = kGatedDecoderIgnored,
                   .lora_targets = kGatedDecoderLora};

}  // namespace linnet::models::families
