#include "linnet/models/families/gemma_decoder.h"

namespace linnet::models::families {
namespace {

constexpr ArchitectureName kArchitectures[] = {{"Gemma3ForCausalLM", HeadKind::kCausalLm},
                                               {"Gemma3TextModel", HeadKind::kNone},
                                               {"Gemma3TextForSequenceClassification", HeadKind::kSequenceClass}};

constexpr auto kFields =
    joined(kGemmaFields, std::array{rule(rules::global_and_local_rope), rule(rules::windows_by_pattern)});

TransformerConfig defaults() {
  TransformerConfig c = gemma_windows_defaults();
  c.query_key_norm = nn::QueryKeyNorm::kHead;
  c.rope.theta = 1'000'000;
  c.window_rope = Rope();
  return c;
}

}  // namespace

extern const Family gemma3_text;
const Family gemma3_text{.model_type = "gemma3_text",
                         .architectures = kArchitectures,
                         .prefix = "model.",
                         .defaults = defaults(),
                         .fields = kFields,
                         .names = kGemmaNames,
                         .unprefixed = kGatedDecoderUnprefixed,
                         .ignored = kGatedDecoderIgnored,
                         .lora_targets = kGatedDecoderLora,
                         .fixed = kGemmaFixed,
                         .unused = kGemmaUnused,
                         .gguf_architecture = "gemma3"};

}  // namespace linnet::models::families
