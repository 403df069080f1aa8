#include "linnet/adapt/peft_config.h"

#include "linnet/base/error.h"

namespace linnet {
namespace {

// Keys whose value would change the numbers; only "off" is accepted.
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
                                      "ensure_weight_tying"};

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
std::map<std::string, Value> patterns(const Json& json, const char* key, std::string_view place) {
  std::map<std::string, Value> all;
  const auto found = json.find(key);
  if (found == json.end() || found->is_null()) return all;
  check(found->is_object(), ErrorKind::kBadInput, "{}: {} is no object", place, key);
  for (const auto& [pattern, value] : found->items()) {
    const std::string_view plain = std::string_view(pattern).substr(pattern.starts_with("^") ? 1 : 0);
    check(plain.find_first_of("*+?()[]{}|\\$^") == plain.npos, ErrorKind::kBadInput,
          "{}: {} has the regular expression '{}'; only module names are supported", place, key, printable(pattern));
    check(value.is_number(), ErrorKind::kBadInput, "{}: {} of '{}' is no number", place, key, printable(pattern));
    all[pattern] = value.template get<Value>();
  }
  return all;
}

// Every peft_type. PEFT would take what it knows of a file with all prefixes and leave the rest out without a word:
// such a file has a type that it does not know.
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

void read_lora(const Json& json, PeftConfig& c, std::string_view place) {
  for (const char* key : kMustBeOff)
    if (const auto found = json.find(key); found != json.end() && !is_off(*found))
      fail(ErrorKind::kBadInput, "{}: {} is on, which is not supported", place, key);
  const std::string bias = text(json, "bias", "none", place);
  check(bias == "none", ErrorKind::kBadInput, "{}: bias is '{}'; only adapters with bias 'none' are supported", place,
        printable(bias));
  c.rank = integer(json, "r", 8, place);
  check(c.rank >= 1 && c.rank <= 65536, ErrorKind::kBadInput, "{}: r is {}", place, c.rank);
  c.alpha = real(json, "lora_alpha", 8, place);
  c.dropout = real(json, "lora_dropout", 0, place);
  check(c.dropout >= 0 && c.dropout < 1, ErrorKind::kBadInput, "{}: lora_dropout is {}", place, c.dropout);
  const auto stabilised = json.find("use_rslora");
  if (stabilised != json.end() && *stabilised == true) c.scale = LoraScale::kAlphaOverRootRank;
  c.targets = names(json, "target_modules", place);
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
  // A prefix of two stacks is the decoder's all the same; a soft prompt would be two.
  const std::int64_t most = c.kind == AdapterKind::kPrefixTuning ? 2 : 1;
  check(c.stacks >= 1 && c.stacks <= most, ErrorKind::kBadInput,
        "{}: num_transformer_submodules is {}; only 1 is supported{}", place, c.stacks,
        most == 2 ? ", or 2 for an encoder-decoder" : "");
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

bool is_adapter_folder(const std::filesystem::path& path) {
  std::error_code error;
  return std::filesystem::is_regular_file(path / "adapter_config.json", error);
}

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
    json["bias"] = "none";
    json["fan_in_fan_out"] = c.weights_in_out;
    json["init_lora_weights"] = true;
    if (c.targets.size() == 1 && c.targets[0] == "all-linear")
      json["target_modules"] = "all-linear";
    else
      json["target_modules"] = c.targets;
    json["rank_pattern"] = c.rank_pattern;
    json["alpha_pattern"] = c.alpha_pattern;
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
    json["tokenizer_name_or_path"] = text_or_null(c.base);  // PEFT wants one beside a text
    return json;
  }
  json["prefix_projection"] = c.projection;
  json["encoder_hidden_size"] = c.projection_hidden;
  return json;
}

}  // namespace linnet
