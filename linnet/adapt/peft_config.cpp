#include "linnet/adapt/peft_config.h"

#include <algorithm>
#include <array>

#include "linnet/base/error.h"
#include "linnet/base/file.h"
#include "linnet/base/log.h"

namespace linnet {
namespace {

// Keys that would change the results; only "off" is accepted.
constexpr const char* kMustBeOff[] = {"use_dora",
                                      "use_qalora",
                                      "use_bdlora",
                                      "alora_invocation_tokens",
                                      "trainable_token_indices",
                                      "layer_replication",
                                      "lora_bias",
                                      "target_parameters",
                                      "arrow_config",
                                      "velora_config",
                                      "kasa_config",
                                      "monteclora_config",
                                      "ensure_weight_tying",
                                      "enable_lora",
                                      "megatron_config"};

// Keys that do not affect a loaded adapter: for training, or redundant.
constexpr const char* kHarmless[] = {"auto_mapping",
                                     "peft_version",
                                     "inference_mode",
                                     "loftq_config",  // only used with init_lora_weights
                                     "eva_config",
                                     "corda_config",
                                     "lora_ga_config",
                                     "qalora_group_size",
                                     "megatron_core",
                                     "runtime_config",
                                     "layers_pattern",  // name of the list that layers_to_transform indexes
                                     "tokenizer_name_or_path",
                                     "tokenizer_kwargs",
                                     "merge_weights",
                                     "init_weights"};
constexpr const char* kRead[] = {"peft_type",
                                 "task_type",
                                 "base_model_name_or_path",
                                 "revision",
                                 "modules_to_save",
                                 "r",
                                 "lora_alpha",
                                 "lora_dropout",
                                 "bias",
                                 "use_rslora",
                                 "target_modules",
                                 "exclude_modules",
                                 "layers_to_transform",
                                 "init_lora_weights",
                                 "rank_pattern",
                                 "alpha_pattern",
                                 "fan_in_fan_out",
                                 "num_virtual_tokens",
                                 "token_dim",
                                 "num_transformer_submodules",
                                 "num_attention_heads",
                                 "num_layers",
                                 "prompt_tuning_init",
                                 "prompt_tuning_init_text",
                                 "prefix_projection",
                                 "encoder_hidden_size"};

// Values of init_lora_weights that leave the base unchanged, so that the file's matrices are the whole adapter. pissa,
// olora, corda, loftq and lora_ga subtract a part from the base's weights when training starts.
constexpr std::string_view kPlainStarts[] = {"gaussian", "eva", "orthogonal", "mica"};

bool is_off(const Json& value) {
  return value.is_null() || value == false || ((value.is_array() || value.is_object()) && value.empty());
}

std::int64_t integer(const Json& json, const char* key, std::int64_t otherwise, std::string_view place) {
  const auto found = json.find(key);
  return found == json.end() || found->is_null() ? otherwise : get_integer(*found, key, place);
}

double real(const Json& json, const char* key, double otherwise, std::string_view place) {
  const auto found = json.find(key);
  if (found == json.end() || found->is_null()) return otherwise;
  check(found->is_number(), ErrorKind::kBadInput, "{}: {} is no number", place, key);
  return found->get<double>();
}

std::string text(const Json& json, const char* key, std::string otherwise, std::string_view place) {
  const auto found = json.find(key);
  return found == json.end() || found->is_null() ? std::move(otherwise) : get_string(*found, key, place);
}

std::vector<std::string> names(const Json& json, const char* key, std::string_view place) {
  const auto found = json.find(key);
  std::vector<std::string> all;
  if (found == json.end() || found->is_null()) return all;
  if (found->is_string()) return {found->get<std::string>()};
  check(found->is_array(), ErrorKind::kBadInput, "{}: {} is neither a list nor a text", place, key);
  for (const Json& name : *found) all.push_back(get_string(name, key, place));
  return all;
}

template <class Value>
Patterns<Value> patterns(const Json& json, const char* key, std::string_view place) {
  Patterns<Value> all;
  const auto found = json.find(key);
  if (found == json.end() || found->is_null()) return all;
  check(found->is_object(), ErrorKind::kBadInput, "{}: {} is not an object", place, key);
  for (const auto& [pattern, value] : found->items()) {
    const std::string_view plain = std::string_view(pattern).substr(pattern.starts_with("^") ? 1 : 0);
    check(plain.find_first_of("*+?()[]{}|\\$^") == plain.npos, ErrorKind::kBadInput,
          "{}: {} has the regular expression '{}'; only module names are supported", place, key, printable(pattern));
    check(value.is_number(), ErrorKind::kBadInput, "{}: {} of '{}' is no number", place, key, printable(pattern));
    all.emplace_back(pattern, value.template get<Value>());
  }
  return all;
}

template <class Value>
Json pattern_json(const Patterns<Value>& all) {
  Json json = Json::object();
  for (const auto& [pattern, value] : all) json[pattern] = value;
  return json;
}

void check_start(const Json& json, std::string_view place) {
  const auto found = json.find("init_lora_weights");
  if (found == json.end() || found->is_null() || found->is_boolean()) return;
  const std::string start = get_string(*found, "init_lora_weights", place);
  if (std::find(std::begin(kPlainStarts), std::end(kPlainStarts), start) != std::end(kPlainStarts)) return;
  fail(ErrorKind::kBadInput,
       "{}: init_lora_weights is '{}': such an adapter fits a base whose weights were changed when its training "
       "started, "
       "and is not supported; save it in PEFT with path_initial_model_for_weight_conversion, which makes a usual LoRA "
       "of "
       "it",
       place, start);
}

std::vector<std::int64_t> layer_list(const Json& json, std::string_view place) {
  const char* const key = "layers_to_transform";
  const auto found = json.find(key);
  if (found == json.end() || found->is_null()) return {};
  if (!found->is_array()) return {get_integer(*found, key, place)};
  std::vector<std::int64_t> layers;
  for (const Json& layer : *found) layers.push_back(get_integer(layer, key, place));
  return layers;
}

void name_unknown(const Json& json, std::string_view place) {
  const auto in = [](const auto& list, const std::string& key) {
    return std::any_of(std::begin(list), std::end(list), [&](const char* known) { return key == known; });
  };
  std::vector<std::string> unknown;
  for (const auto& [key, value] : json.items())
    if (!is_off(value) && !in(kRead, key) && !in(kHarmless, key) && !in(kMustBeOff, key)) unknown.push_back(key);
  if (!unknown.empty())
    warn("{}: {} {} not known to PEFT 0.21 and {} ignored", place, fmt::join(unknown, ", "),
         unknown.size() == 1 ? "is" : "are", unknown.size() == 1 ? "is" : "are");
}

// Every peft_type. PEFT would silently ignore parts of a file with all prefixes, so such a file has a type that PEFT
// does not know.
struct PeftType {
  std::string_view name;
  AdapterKind kind;
  PrefixReach reach = PrefixReach::kOneStack;
};
constexpr PeftType kTypes[] = {{"LORA", AdapterKind::kLora},
                               {"PROMPT_TUNING", AdapterKind::kPromptTuning},
                               {"PREFIX_TUNING", AdapterKind::kPrefixTuning},
                               {"LINNET_PREFIX_TUNING", AdapterKind::kPrefixTuning, PrefixReach::kAllAttention}};

const PeftType& type_of(const Json& json, std::string_view place) {
  const std::string kind = get_string(require(json, "peft_type", place), "peft_type", place);
  for (const PeftType& type : kTypes)
    if (type.name == kind) return type;
  fail(ErrorKind::kBadInput, "{}: peft_type '{}' is not supported; there are LORA, PROMPT_TUNING and PREFIX_TUNING",
       place, printable(kind));
}

constexpr std::array<std::string_view, 3> kBiases{"none", "all", "lora_only"};

void read_lora(const Json& json, PeftConfig& c, std::string_view place) {
  for (const char* key : kMustBeOff)
    if (const auto found = json.find(key); found != json.end() && !is_off(*found))
      fail(ErrorKind::kBadInput, "{}: {} is on, which is not supported", place, key);
  check_start(json, place);
  const std::string bias = text(json, "bias", "none", place);
  const auto known = std::find(kBiases.begin(), kBiases.end(), bias);
  check(known != kBiases.end(), ErrorKind::kBadInput, "{}: bias is '{}'; it is one of none, all and lora_only", place,
        bias);
  c.bias = static_cast<LoraBias>(known - kBiases.begin());
  c.rank = integer(json, "r", 8, place);
  check(c.rank >= 1 && c.rank <= 65536, ErrorKind::kBadInput, "{}: r is {}", place, c.rank);
  c.alpha = real(json, "lora_alpha", 8, place);
  c.dropout = real(json, "lora_dropout", 0, place);
  check(c.dropout >= 0 && c.dropout < 1, ErrorKind::kBadInput, "{}: lora_dropout is {}", place, c.dropout);
  const auto stabilised = json.find("use_rslora");
  if (stabilised != json.end() && *stabilised == true) c.scale = LoraScale::kAlphaOverRootRank;
  c.targets = names(json, "target_modules", place);
  c.targets_are_pattern =
      json.contains("target_modules") && json["target_modules"].is_string() && c.targets[0] != "all-linear";
  const auto excluded = json.find("exclude_modules");
  if (excluded != json.end() && excluded->is_array()) c.excluded = names(json, "exclude_modules", place);
  c.layers_to_transform = layer_list(json, place);
  c.rank_pattern = patterns<std::int64_t>(json, "rank_pattern", place);
  c.alpha_pattern = patterns<double>(json, "alpha_pattern", place);
  const auto in_out = json.find("fan_in_fan_out");
  c.weights_in_out = in_out != json.end() && *in_out == true;
}

void read_virtual(const Json& json, PeftConfig& c, std::string_view place) {
  c.virtual_tokens = integer(json, "num_virtual_tokens", 0, place);
  check(c.virtual_tokens >= 1 && c.virtual_tokens <= 1'000'000, ErrorKind::kBadInput, "{}: num_virtual_tokens is {}",
        place, c.virtual_tokens);
  c.stacks = integer(json, "num_transformer_submodules", 1, place);
  // A prefix of two stacks is the decoder's only, a soft prompt of two the encoder's.
  check(c.stacks == 1 || c.stacks == 2, ErrorKind::kBadInput,
        "{}: num_transformer_submodules is {}; only 1 is supported, or 2 for an encoder-decoder", place, c.stacks);
  c.token_dim = integer(json, "token_dim", 0, place);
  c.layers = integer(json, "num_layers", 0, place);
  c.heads = integer(json, "num_attention_heads", 0, place);
  c.prompt_init = text(json, "prompt_tuning_init", "RANDOM", place);
  c.prompt_text = text(json, "prompt_tuning_init_text", "", place);
  const auto projection = json.find("prefix_projection");
  c.projection = projection != json.end() && *projection == true;
  c.projection_hidden = integer(json, "encoder_hidden_size", 0, place);
}

Json text_or_null(const std::string& value) { return value.empty() ? Json(nullptr) : Json(value); }

}  // namespace

bool is_adapter_folder(const std::filesystem::path& path) { return has_companion(path / "adapter_config.json"); }

PeftConfig read_peft_config(const std::filesystem::path& folder) {
  const auto file = folder / "adapter_config.json";
  return parse_peft_config(read_json(file), file.string());
}

PeftConfig parse_peft_config(const Json& json, std::string_view place) {
  check(json.is_object(), ErrorKind::kBadInput, "{}: is no JSON object", place);
  PeftConfig c;
  const PeftType& type = type_of(json, place);
  c.kind = type.kind;
  c.reach = type.reach;
  c.task_type = text(json, "task_type", "", place);
  c.base = text(json, "base_model_name_or_path", "", place);
  c.revision = text(json, "revision", "", place);
  c.saved_modules = names(json, "modules_to_save", place);
  if (c.kind == AdapterKind::kLora)
    read_lora(json, c, place);
  else
    read_virtual(json, c, place);
  name_unknown(json, place);
  c.unknown = json;
  return c;
}

Json to_json(const PeftConfig& c) {
  Json json = c.unknown;
  for (const PeftType& type : kTypes)
    if (type.kind == c.kind && type.reach == c.reach) json["peft_type"] = std::string(type.name);
  json["task_type"] = text_or_null(c.task_type);
  json["base_model_name_or_path"] = text_or_null(c.base);
  json["revision"] = text_or_null(c.revision);
  json["inference_mode"] = true;
  if (c.kind == AdapterKind::kLora || !c.saved_modules.empty())
    json["modules_to_save"] = c.saved_modules.empty() ? Json(nullptr) : Json(c.saved_modules);
  if (c.kind == AdapterKind::kLora) {
    json["r"] = c.rank;
    json["lora_alpha"] = c.alpha;
    json["lora_dropout"] = c.dropout;
    json["use_rslora"] = c.scale == LoraScale::kAlphaOverRootRank;
    json["use_dora"] = false;
    json["bias"] = std::string(kBiases[static_cast<std::size_t>(c.bias)]);
    json["fan_in_fan_out"] = c.weights_in_out;
    json["init_lora_weights"] = true;
    if (c.targets_are_pattern || (c.targets.size() == 1 && c.targets[0] == "all-linear"))
      json["target_modules"] = c.targets[0];
    else
      json["target_modules"] = c.targets;
    json["rank_pattern"] = pattern_json(c.rank_pattern);
    json["alpha_pattern"] = pattern_json(c.alpha_pattern);
    return json;
  }
  json["num_virtual_tokens"] = c.virtual_tokens;
  json["token_dim"] = c.token_dim;
  json["num_layers"] = c.layers;
  json["num_attention_heads"] = c.heads;
  json["num_transformer_submodules"] = c.stacks;
  if (c.kind == AdapterKind::kPromptTuning) {
    json["prompt_tuning_init"] = c.prompt_init;
    json["prompt_tuning_init_text"] = text_or_null(c.prompt_text);
    if (c.prompt_init != "TEXT") return json;
    json["tokenizer_name_or_path"] = text_or_null(c.base);  // PEFT requires one with a text
    return json;
  }
  json["prefix_projection"] = c.projection;
  json["encoder_hidden_size"] = c.projection_hidden;
  return json;
}

}  // namespace linnet
