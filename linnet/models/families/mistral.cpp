#include "linnet/models/families/gated_decoder.h"

namespace linnet::models::families {
namespace {

constexpr auto kFields = joined(kGatedDecoderFields, std::array{rule(rules::sliding_window)});
constexpr ArchitectureName kArchitectures[] = {{"MistralForCausalLM", HeadKind::kCausalLm},
                                               {"MistralModel", HeadKind::kNone},
                                               {"MistralForSequenceClassification", HeadKind::kSequenceClass},
                                               {"MistralForTokenClassification", HeadKind::kTokenClass},
                                               {"MistralForQuestionAnswering", HeadKind::kQuestionAnswering}};

TransformerConfig defaults() {
  TransformerConfig c = gated_decoder_defaults();
  c.kv_heads = 8;
  return c;
}

}  // namespace

extern const Family mistral;
const Family mistral{.model_type = "mistral",
                     .architectures = kArchitectures,
                     .prefix = "model.",
                     .defaults = defaults(),
                     .fields = kFields,
                     .names = kGatedDecoderNames,
                     .unprefixed = kGatedDecoderUnprefixed,
                     .ignored = kGatedDecoderIgnored,
                     .lora_targets = kGatedDecoderLora,
                     .gguf_architecture = "llama",
                     .gguf_layout = {.rotary_rows = RotaryRows::kPairs}};

}  // namespace linnet::models::families
