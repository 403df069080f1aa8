#include "linnet/io/folder.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "linnet/base/error.h"
#include "linnet/base/file.h"
#include "linnet/base/log.h"

namespace linnet {
namespace {

constexpr std::size_t kMostConfigBytes = 16u << 20;
constexpr std::size_t kMostIds = 1u << 20;

// Typed look-ups in one object; an absent key or null leaves the field unchanged.
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
          "{}: '{}' is {}, not a finite number; correct the file", place_, key, shown(*value));
    out = value->get<double>();
  }
  void read(const char* key, std::optional<bool>& out) const {
    const Json* value = find(key);
    if (value == nullptr) return;
    check(value->is_boolean(), ErrorKind::kBadInput, "{}: '{}' is {}, not true or false; correct the file", place_, key,
          shown(*value));
    out = value->get<bool>();
  }
  void read_id(const char* key, std::optional<std::int64_t>& out) const {
    if (const Json* value = find(key)) out = id(*value, key);
  }
  // Reads one id or a list.
  void read_ids(const char* key, std::vector<std::int64_t>& out) const {
    if (const Json* value = find(key)) out = ids(*value, key);
  }
  void read_id_lists(const char* key, std::vector<std::vector<std::int64_t>>& out) const {
    const Json* value = find(key);
    if (value == nullptr) return;
    check(value->is_array(), ErrorKind::kBadInput, "{}: '{}' is {}, not a list; correct the file", place_, key,
          shown(*value));
    for (const Json& item : *value) out.push_back(ids(item, key));
  }
  // Reads one text or a list.
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
          "{}: '{}' is {}, not true, false or \"never\"; correct the file", place_, key, shown(*value));
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
    check(number >= 0 && number <= INT32_MAX, ErrorKind::kBadInput, "{}: '{}' is {}, not a token id; correct the file",
          place_, key, number);
    return number;
  }
  std::vector<std::int64_t> ids(const Json& value, const char* key) const {
    if (!value.is_array()) return {id(value, key)};
    check(value.size() <= kMostIds, ErrorKind::kBadInput, "{}: '{}' lists {} ids, too many; correct the file", place_,
          key, value.size());
    std::vector<std::int64_t> out;
    for (const Json& item : value) out.push_back(id(item, key));
    return out;
  }
  const Json& object_;
  std::string_view place_;
};

// Rejects only impossible values: files have odd values of options that are off.
void check_ranges(const GenerationConfig& g, std::string_view place) {
  const auto above_zero = [&](const char* key, const std::optional<double>& value) {
    check(!value || *value > 0, ErrorKind::kBadInput, "{}: '{}' is {}, must be above 0; correct the file", place, key,
          value.value_or(0));
  };
  const auto not_negative = [&](const char* key, const auto& value) {
    check(!value || *value >= 0, ErrorKind::kBadInput, "{}: '{}' is {}, must not be negative; correct the file", place,
          key, value.value_or(0));
  };
  const auto share = [&](const char* key, const std::optional<double>& value) {
    check(!value || (*value >= 0 && *value <= 1), ErrorKind::kBadInput,
          "{}: '{}' is {}, must be 0 to 1; correct the file", place, key, value.value_or(0));
  };
  share("top_p", g.top_p), share("min_p", g.min_p), share("typical_p", g.typical_p);
  above_zero("repetition_penalty", g.repetition_penalty);
  not_negative("temperature", g.temperature);
  not_negative("top_k", g.top_k);
  not_negative("no_repeat_ngram_size", g.no_repeat_ngram_size);
  for (const auto& [key, value] : {std::pair("max_new_tokens", g.max_new_tokens),
                                   {"max_length", g.max_length},
                                   {"min_new_tokens", g.min_new_tokens},
                                   {"min_length", g.min_length},
                                   {"num_beams", g.num_beams},
                                   {"num_return_sequences", g.num_return_sequences}})
    not_negative(key, value);
}

// Generation keys that affect the text and are not implemented, with the values that disable them.
struct Unsupported {
  const char* key;
  const char* off;  // a JSON list
};
constexpr Unsupported kUnsupported[] = {{"constraints", "[]"},
                                        {"diversity_penalty", "[0]"},
                                        {"encoder_no_repeat_ngram_size", "[0]"},
                                        {"encoder_repetition_penalty", "[1]"},
                                        {"epsilon_cutoff", "[0]"},
                                        {"eta_cutoff", "[0]"},
                                        {"exponential_decay_length_penalty", "[]"},
                                        {"force_words_ids", "[]"},
                                        {"guidance_scale", "[1]"},
                                        {"num_beam_groups", "[1]"},
                                        {"penalty_alpha", "[0]"},
                                        {"sequence_bias", "[]"},
                                        {"token_healing", "[false]"},
                                        {"top_h", "[1]"},
                                        {"watermarking_config", "[]"}};

void warn_unsupported(const Json& object, std::string_view place) {
  for (const auto& [key, off] : kUnsupported) {
    const auto found = object.find(key);
    if (found == object.end() || found->is_null() || (found->is_structured() && found->empty())) continue;
    const Json values = Json::parse(off);
    if (std::find(values.begin(), values.end(), *found) == values.end())
      warn("{}: {} is {}, which is not in this version; generation goes on without it", place, key,
           printable(dump_json(*found), 60));
  }
}

constexpr std::pair<std::string_view, double> kPythonNumbers[] = {
    {"NaN", std::numeric_limits<double>::quiet_NaN()},
    {"Infinity", std::numeric_limits<double>::infinity()},
    {"-Infinity", -std::numeric_limits<double>::infinity()}};
constexpr std::string_view kMark = "\x01";  // marks a number's name while the text is parsed

// Replaces the names of Python's numbers outside of texts by marked texts.
std::string quote_numbers(std::string_view text) {
  std::string quoted;
  bool inside = false;
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (inside && c == '\\' && at + 1 < text.size()) quoted += text[at++];
    if (c == '"') inside = !inside;
    const auto* number = std::find_if(std::begin(kPythonNumbers), std::end(kPythonNumbers),
                                      [&](const auto& n) { return !inside && text.substr(at).starts_with(n.first); });
    if (number == std::end(kPythonNumbers)) {
      quoted += text[at++];
      continue;
    }
    quoted += fmt::format("\"\\u0001{}\"", number->first);
    at += number->first.size();
  }
  return quoted;
}

void restore_numbers(Json& value) {
  if (value.is_structured())
    for (Json& item : value) restore_numbers(item);
  if (!value.is_string() || !value.get_ref<const std::string&>().starts_with(kMark)) return;
  for (const auto& [name, number] : kPythonNumbers)
    if (value.get_ref<const std::string&>().substr(kMark.size()) == name) {
      value = number;
      return;
    }
}

}  // namespace

GenerationConfig parse_generation_config(const Json& object, std::string_view place) {
  GenerationConfig g;
  const Fields fields(object, place);
  fields.read_ids("eos_token_id", g.eos_ids);
  fields.read_id("bos_token_id", g.bos_id);
  // Some old files have -1 for "none".
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
  fields.read("num_return_sequences", g.num_return_sequences);
  fields.read("length_penalty", g.length_penalty);
  fields.read("early_stopping", g.early_stopping);
  fields.read_id_lists("bad_words_ids", g.bad_words_ids);
  fields.read_ids("suppress_tokens", g.suppress_ids);
  fields.read_ids("begin_suppress_tokens", g.begin_suppress_ids);
  fields.read_texts("stop_strings", g.stop_strings);
  fields.read("renormalize_logits", g.renormalize_logits);
  check_ranges(g, place);
  warn_unsupported(object, place);
  return g;
}

Json read_config_file(const std::filesystem::path& file) {
  std::string text = read_file(file, kMostConfigBytes);
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
  const bool python = text.find("NaN") != text.npos || text.find("Infinity") != text.npos;
  Json json = parse_json(python ? quote_numbers(text) : text, file.string());
  if (python) restore_numbers(json);
  check(json.is_object(), ErrorKind::kBadInput, "{}: is not a JSON object; the file is damaged", file.string());
  return json;
}

GenerationConfig read_generation_config(const std::filesystem::path& folder, const Json& config) {
  const auto file = folder / "generation_config.json";
  return has_companion(file) ? parse_generation_config(read_config_file(file), file.string())
                             : parse_generation_config(config, (folder / "config.json").string());
}

}  // namespace linnet
