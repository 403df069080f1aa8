#include "linnet/models/families/gemma_decoder.h"

namespace linnet::models::families {
namespace {

constexpr ArchitectureName kArchitectures[] = {{"Gemma2ForCausalLM", HeadKind::kCausalLm},
                                               {"Gemma2Model", HeadKind::kNone},
                                               {"Gemma2ForSequenceClassification", HeadKind::kSequenceClass},
                                               {"Gemma2ForTokenClassification", HeadKind::kTokenClass}};

constexpr auto kFields = joined(
    kGemmaFields, std::array{rule(rules::attention_softcap), rule(rules::rope), rule(rules::alternating_windows)});

TransformerConfig defaults() {
  TransformerConfig c = gemma_windows_defaults();
  c.attention_softcap = 50;
  c.output_softcap = 30;
  return c;
}

}  // namespace

extern const Family gemma2;
const Family gemma2{.model_type = "gemma2",
                    .architectures = kArchitectures,
                    .prefix = "model.",
                    .defaults = defaults(),
                    .fields = kFields,
                    .names = kGemmaNames,
                    .unprefixed = kGatedDecoderUnprefixed,
                    .ignored = kGatedDecoderIgnored,
                    .lora_targets = kGatedDecoderLora,
                    .fixed = kGemmaFixed,
                    .unused = kGemmaUnused};

}  // namespace linnet::models::families
