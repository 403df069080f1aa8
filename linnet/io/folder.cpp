#include "linnet/io/folder.h"

#include <cmath>

#include "linnet/base/error.h"

namespace linnet {
namespace {

constexpr std::uintmax_t kMostConfigBytes = 16u << 20;
constexpr std::size_t kMostIds = 1u << 20;

// Typed look-ups in one object; an absent key and null leave the field as it is.
class Fields {
 public:
  Fields(const Json& object, std::string_view place) : object_(object), place_(place) {}

  void read(const char* key, std::optional<std::int64_t>& out) const {
    if (const Json* value = find(key)) out = get_integer(*value, key, place_);
  }
  void read(const char* key, std::optional<double>& out) const {
    const Json* value = find(key);
    if (value == nullptr) return;
    check(value->is_number() && std::isfinite(value->get<double>()), ErrorKind::kBadInput,
          "{}: '{}' is {}, not a number", place_, key, shown(*value));
    out = value->get<double>();
  }
  void read(const char* key, std::optional<bool>& out) const {
    const Json* value = find(key);
    if (value == nullptr) return;
    check(value->is_boolean(), ErrorKind::kBadInput, "{}: '{}' is {}, not true or false", place_, key, shown(*value));
    out = value->get<bool>();
  }
  void read_id(const char* key, std::optional<std::int64_t>& out) const {
    if (const Json* value = find(key)) out = id(*value, key);
  }
  // One id or a list of them.
  void read_ids(const char* key, std::vector<std::int64_t>& out) const {
    if (const Json* value = find(key)) out = ids(*value, key);
  }
  void read_id_lists(const char* key, std::vector<std::vector<std::int64_t>>& out) const {
    const Json* value = find(key);
    if (value == nullptr) return;
    check(value->is_array(), ErrorKind::kBadInput, "{}: '{}' is {}, not a list", place_, key, shown(*value));
    for (const Json& item : *value) out.push_back(ids(item, key));
  }
  // One text or a list of them.
  void read_texts(const char* key, std::vector<std::string>& out) const {
    const Json* value = find(key);
    if (value == nullptr) return;
    if (!value->is_array()) return out.push_back(get_string(*value, key, place_));
    for (const Json& item : *value) out.push_back(get_string(item, key, place_));
  }
  void read(const char* key, std::optional<EarlyStopping>& out) const {
    const Json* value = find(key);
    if (value == nullptr) return;
    check(value->is_boolean() || *value == "never", ErrorKind::kBadInput,
          "{}: '{}' is {}, not true, false or \"never\"", place_, key, shown(*value));
    out = !value->is_boolean() ? EarlyStopping::kNever : value->get<bool>() ? EarlyStopping::kYes : EarlyStopping::kNo;
  }

 private:
  const Json* find(const char* key) const {
    const auto found = object_.find(key);
    return found == object_.end() || found->is_null() ? nullptr : &*found;
  }
  static std::string shown(const Json& value) { return printable(dump_json(value), 60); }
  std::int64_t id(const Json& value, const char* key) const {
    const std::int64_t number = get_integer(value, key, place_);
    check(number >= 0 && number <= INT32_MAX, ErrorKind::kBadInput, "{}: '{}' is {}, not a token id", place_, key,
          number);
    return number;
  }
  std::vector<std::int64_t> ids(const Json& value, const char* key) const {
    if (!value.is_array()) return {id(value, key)};
    check(value.size() <= kMostIds, ErrorKind::kBadInput, "{}: '{}' lists {} ids", place_, key, value.size());
    std::vector<std::int64_t> out;
    for (const Json& item : value) out.push_back(id(item, key));
    return out;
  }
  const Json& object_;
  std::string_view place_;
};

// Only what no sampler can follow: files carry odd values of options that they leave off.
void check_ranges(const GenerationConfig& g, std::string_view place) {
  const auto above_zero = [&](const char* key, const std::optional<double>& value) {
    check(!value || *value > 0, ErrorKind::kBadInput, "{}: '{}' is {}, must be above 0; correct the file", place, key,
          value.value_or(0));
  };
  const auto not_negative = [&](const char* key, const auto& value) {
    check(!value || *value >= 0, ErrorKind::kBadInput, "{}: '{}' is {}, must not be negative; correct the file", place,
          key, value.value_or(0));
  };
  above_zero("repetition_penalty", g.repetition_penalty);
  not_negative("temperature", g.temperature);
  not_negative("top_k", g.top_k);
  not_negative("no_repeat_ngram_size", g.no_repeat_ngram_size);
  not_negative("max_new_tokens", g.max_new_tokens);
}

Json read_config(const std::filesystem::path& file) {
  std::error_code error;
  const auto bytes = std::filesystem::file_size(file, error);
  check(error || bytes <= kMostConfigBytes, ErrorKind::kBadInput, "{}: has {} bytes, a configuration at most {}",
        file.string(), bytes, kMostConfigBytes);
  Json json = read_json(file);
  check(json.is_object(), ErrorKind::kBadInput, "{}: is not a JSON object", file.string());
  return json;
}

}  // namespace

GenerationConfig parse_generation_config(const Json& object, std::string_view place) {
  GenerationConfig g;
  const Fields fields(object, place);
  fields.read_ids("eos_token_id", g.eos_ids);
  fields.read_id("bos_token_id", g.bos_id);
  // Some old files say -1 for "none".
  if (const auto pad = object.find("pad_token_id"); pad != object.end() && *pad != -1)
    fields.read_id("pad_token_id", g.pad_id);
  fields.read_id("decoder_start_token_id", g.decoder_start_id);
  fields.read_id("forced_bos_token_id", g.forced_bos_id);
  fields.read_ids("forced_eos_token_id", g.forced_eos_ids);
  fields.read("max_length", g.max_length);
  fields.read("max_new_tokens", g.max_new_tokens);
  fields.read("min_length", g.min_length);
  fields.read("min_new_tokens", g.min_new_tokens);
  fields.read("do_sample", g.do_sample);
  fields.read("temperature", g.temperature);
  fields.read("top_k", g.top_k);
  fields.read("top_p", g.top_p);
  fields.read("min_p", g.min_p);
  fields.read("typical_p", g.typical_p);
  fields.read("repetition_penalty", g.repetition_penalty);
  fields.read("no_repeat_ngram_size", g.no_repeat_ngram_size);
  fields.read("num_beams", g.num_beams);
  fields.read("length_penalty", g.length_penalty);
  fields.read("early_stopping", g.early_stopping);
  fields.read_id_lists("bad_words_ids", g.bad_words_ids);
  fields.read_ids("suppress_tokens", g.suppress_ids);
  fields.read_ids("begin_suppress_tokens", g.begin_suppress_ids);
  fields.read_texts("stop_strings", g.stop_strings);
  fields.read("renormalize_logits", g.renormalize_logits);
  check_ranges(g, place);
  return g;
}

ModelFolder read_model_folder(const std::filesystem::path& path) {
  ModelFolder folder{path, read_config(path / "config.json"), {}, false};
  const auto generation = path / "generation_config.json";
  std::error_code error;
  folder.has_generation_file = std::filesystem::exists(generation, error);
  folder.generation = folder.has_generation_file
                          ? parse_generation_config(read_config(generation), generation.string())
                          : parse_generation_config(folder.config, (path / "config.json").string());
  return folder;
}

}  // namespace linnet
