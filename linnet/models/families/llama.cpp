#include "linnet/models/families/gated_decoder.h"

namespace linnet::models::families {
namespace {

constexpr ArchitectureName kArchitectures[] = {
    {"LlamaForCausalLM", HeadKind::kCausalLm},
    {"LlamaModel", HeadKind::kNone},
    {"LlamaForSequenceClassification", HeadKind::kSequenceClass},
    {"LlamaForTokenClassification", HeadKind::kTokenClass},
    {"LlamaForQuestionAnswering", HeadKind::kQuestionAnswering, "transformer."}};

constexpr auto kFields =
    joined(kGatedDecoderFields,
           std::array{Field{{"attention_bias"}, &TransformerConfig::attention_bias},
                      rule(rules::output_bias_is_attention_bias), Field{{"mlp_bias"}, &TransformerConfig::ffn_bias}});
constexpr FixedField kFixed[] = {{"position_embedding_type", R"(["rope"])"}};

}  // namespace

extern const Family llama;
const Family llama{.model_type = "llama",
                   .architectures = kArchitectures,
                   .prefix = "model.",
                   .defaults = gated_decoder_defaults(),
                   .fields = kFields,
                   .names = kGatedDecoderNames,
                   .unprefixed = kGatedDecoderUnprefixed,
                   .ignored = kGatedDecoderIgnored,
                   .lora_targets = kGatedDecoderLora,
                   .fixed = kFixed,
                   .gguf_layout = {.rotary_rows = RotaryRows::kPairs}};

}  // namespace linnet::models::families
