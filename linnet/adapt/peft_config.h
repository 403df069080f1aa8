// adapter_config.json: PEFT's description of an adapter, read and written.
//
//   PeftConfig config = read_peft_config("my-adapter");
//   config.kind;  // AdapterKind::kLora
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "linnet/base/json.h"

namespace linnet {

enum class AdapterKind : std::uint8_t { kLora, kPromptTuning, kPrefixTuning };
// Whose attention reads a prefix. One stack has only its own; for encoder-decoders PEFT knows the decoder's alone.
enum class PrefixReach : std::uint8_t { kOneStack, kAllAttention };
enum class LoraScale : std::uint8_t { kAlphaOverRank, kAlphaOverRootRank };  // the second is rsLoRA

struct PeftConfig {
  AdapterKind kind = AdapterKind::kLora;
  std::string task_type;                   // SEQ_CLS, CAUSAL_LM, …; may be empty
  std::string base;                        // base_model_name_or_path
  std::string revision;                    // of the base; may be empty
  std::vector<std::string> saved_modules;  // modules_to_save: trained in full beside the adapter

  // LoRA (Hu et al. 2021)
  std::int64_t rank = 8;
  double alpha = 8, dropout = 0;
  LoraScale scale = LoraScale::kAlphaOverRank;
  std::vector<std::string> targets;  // module names, matched as suffixes; "all-linear" alone
  std::map<std::string, std::int64_t> rank_pattern;
  std::map<std::string, double> alpha_pattern;
  bool weights_in_out = false;  // fan_in_fan_out

  // Prompt tuning (Lester et al. 2021) and prefix tuning (Li and Liang 2021)
  std::int64_t virtual_tokens = 20, token_dim = 0, layers = 0, heads = 0;
  std::int64_t stacks = 1;  // num_transformer_submodules: 2 for a prefix of an encoder-decoder
  std::string prompt_init = "RANDOM", prompt_text;
  bool projection = false;                     // the prefix came from a perceptron; files hold its output
  std::int64_t projection_hidden = 0;          // encoder_hidden_size
  PrefixReach reach = PrefixReach::kOneStack;  // the other is a peft_type of its own, which PEFT refuses by name

  Json unknown = Json::object();  // other keys of the file, kept when it is written again
};

bool is_adapter_folder(const std::filesystem::path& path);  // has an adapter_config.json
// Refuses by name what would change the numbers and is not supported: DoRA, QALoRA, aLoRA, trained biases …
PeftConfig read_peft_config(const std::filesystem::path& folder);
PeftConfig parse_peft_config(const Json& json, std::string_view place);
Json to_json(const PeftConfig& config);

// PEFT's get_pattern_key: the value of the first pattern that the module's name ends with. Patterns are plain names,
// "^" in front anchors them; any other regular expression is refused.
template <class Value>
Value pattern_value(const std::map<std::string, Value>& patterns, std::string_view module, Value otherwise) {
  for (const auto& [pattern, value] : patterns) {
    std::string_view name = pattern;
    if (name.starts_with("^") ? module == name.substr(1) : module == name || module.ends_with("." + std::string(name)))
      return value;
  }
  return otherwise;
}

}  // namespace linnet
