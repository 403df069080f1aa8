// adapter_config.json: PEFT's description of an adapter, read and written.
//
//   PeftConfig config = read_peft_config("my-adapter");
//   config.kind;  // AdapterKind::kLora
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "linnet/base/json.h"

namespace linnet {

enum class AdapterKind : std::uint8_t { kLora, kPromptTuning, kPrefixTuning };
// Which attention uses a prefix. A model with one stack has only its own; for encoder-decoders PEFT supports the
// decoder's only.
enum class PrefixReach : std::uint8_t { kOneStack, kAllAttention };
// Which biases of the base are trained with the adapter and stored in its file.
enum class LoraBias : std::uint8_t { kNone, kAll, kTargets };
enum class LoraScale : std::uint8_t { kAlphaOverRank, kAlphaOverRootRank };  // the second is rsLoRA

// Module patterns with their values, in the file's order: the first match applies.
template <class Value>
using Patterns = std::vector<std::pair<std::string, Value>>;

struct PeftConfig {
  AdapterKind kind = AdapterKind::kLora;
  std::string task_type;                   // SEQ_CLS, CAUSAL_LM, …; may be empty
  std::string base;                        // base_model_name_or_path
  std::string revision;                    // of the base; may be empty
  std::vector<std::string> saved_modules;  // modules_to_save: trained in full with the adapter

  // LoRA (Hu et al. 2021)
  std::int64_t rank = 8;
  double alpha = 8, dropout = 0;
  LoraScale scale = LoraScale::kAlphaOverRank;
  LoraBias bias = LoraBias::kNone;
  std::vector<std::string> targets;   // module names, matched as suffixes; or only "all-linear"
  bool targets_are_pattern = false;   // `targets` is one regular expression, which is stored and not matched here
  std::vector<std::string> excluded;  // exclude_modules
  std::vector<std::int64_t> layers_to_transform;  // empty: all
  Patterns<std::int64_t> rank_pattern;
  Patterns<double> alpha_pattern;
  bool weights_in_out = false;  // fan_in_fan_out

  // Prompt tuning (Lester et al. 2021) and prefix tuning (Li and Liang 2021)
  std::int64_t virtual_tokens = 20, token_dim = 0, layers = 0, heads = 0;
  std::int64_t stacks = 1;  // num_transformer_submodules: 2 for a prefix of an encoder-decoder
  std::string prompt_init = "RANDOM", prompt_text;
  bool projection = false;                     // an MLP computed the prefix; files have its output
  std::int64_t projection_hidden = 0;          // encoder_hidden_size
  PrefixReach reach = PrefixReach::kOneStack;  // the other value is a peft_type of its own, which PEFT rejects by name

  Json unknown = Json::object();  // other keys of the file, preserved on writing
};

// True if it has an adapter_config.json; an unreadable one is kBadInput.
bool is_adapter_folder(const std::filesystem::path& path);
// Rejects unsupported options that affect the results by name: DoRA, PiSSA, QALoRA, aLoRA … Warns about keys that PEFT
// 0.21 does not have, as PEFT does.
PeftConfig read_peft_config(const std::filesystem::path& folder);
PeftConfig parse_peft_config(const Json& json, std::string_view place);
Json to_json(const PeftConfig& config);

// PEFT's get_pattern_key: the value of the first pattern that the module's name ends with. Patterns are plain names, a
// leading "^" anchors them; other regular expressions are rejected.
template <class Value>
Value pattern_value(const Patterns<Value>& patterns, std::string_view module, Value otherwise) {
  for (const auto& [pattern, value] : patterns) {
    std::string_view name = pattern;
    if (name.starts_with("^") ? module == name.substr(1) : module == name || module.ends_with("." + std::string(name)))
      return value;
  }
  return otherwise;
}

}  // namespace linnet
