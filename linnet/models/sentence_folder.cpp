#include "linnet/models/sentence_folder.h"

#include <algorithm>

#include "linnet/base/error.h"
#include "linnet/base/file.h"
#include "linnet/base/json.h"
#include "linnet/base/log.h"

namespace linnet::models {
namespace {

namespace fs = std::filesystem;

constexpr const char *kModules = "modules.json", *kSentences = "config_sentence_transformers.json";
constexpr const char* kTransformerConfigs[] = {"sentence_bert_config.json",       "sentence_roberta_config.json",
                                               "sentence_distilbert_config.json", "sentence_camembert_config.json",
                                               "sentence_albert_config.json",     "sentence_xlm-roberta_config.json",
                                               "sentence_xlnet_config.json"};
constexpr std::size_t kMostModules = 64;
constexpr std::int64_t kMostTokens = 100'000'000;

struct Entry {
  std::string type;  // "sentence_transformers.models.Dense"
  fs::path folder;
  std::string path;  // as listed; "" is the folder itself
  std::string kind() const { return type.substr(type.rfind('.') + 1); }
};

std::vector<Entry> listed_modules(const ModelFiles& files) {
  const fs::path& folder = files.place();
  const std::string place = (folder / kModules).string();
  const Json& list = files.modules_json();
  std::vector<Entry> entries;
  for (const Json& module : list) {
    const std::string type = get_string(require(module, "type", place), "type", place);
    const std::string path = module.contains("path") ? get_string(module["path"], "path", place) : "";
    check(path.empty() || safe_relative_name(path), ErrorKind::kBadInput, "{}: '{}' is not a folder inside it", place,
          path);
    entries.push_back({type, path.empty() ? folder : folder / path, path});
  }
  return entries;
}

void read_listed(const ModelFiles& files, SentenceFolder& result) {
  const std::string place = (files.place() / kModules).string();
  const std::vector<Entry> entries = listed_modules(files);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const Entry& entry = entries[i];
    check(entry.type.starts_with("sentence_transformers."), ErrorKind::kBadInput,
          "{}: '{}' is not a module of sentence-transformers, and other code is never run", place, entry.type);
    if (i == 0) {
      check(entry.kind() == "Transformer", ErrorKind::kBadInput, "{}: begins with a {} module, which is not supported",
            place, entry.kind());
      check(entry.folder == files.transformer(), ErrorKind::kBadInput,
            "{}: names '{}', and the folder itself has a config.json, too; remove one", place, entry.path);
    } else if (entry.kind() == "Pooling") {
      check(!result.pooling && result.modules.empty(), ErrorKind::kBadInput,
            "{}: has a Pooling module after '{}'; one, right after the Transformer, is supported", place,
            entries[i - 1].kind());
      result.pooling = read_pooling(entry.folder / "config.json");
    } else {
      const SentenceModulePtr module = read_sentence_module(entry.kind(), entry.folder);
      check(module == nullptr || result.pooling, ErrorKind::kBadInput,
            "{}: a {} module before the Pooling is not supported", place, entry.kind());
      if (module) result.modules.push_back(module);
    }
  }
}

// Reads a folder without a modules.json by sentence-transformers' usual names.
void read_usual(const fs::path& folder, SentenceFolder& result) {
  if (const auto file = folder / "1_Pooling" / "config.json"; has_companion(file)) result.pooling = read_pooling(file);
  if (is_folder(folder / "2_Normalize"))
    result.modules.push_back(read_sentence_module("Normalize", folder / "2_Normalize"));
  for (const char* other : {"2_Dense", "2_LayerNorm", "2_CNN", "2_LSTM"})
    check(!is_folder(folder / other), ErrorKind::kBadInput,
          "{}: has a folder {} but no modules.json that lists its modules; download it again", folder.string(), other);
}

std::string text_or_empty(const Json& value, std::string_view what, const std::string& place) {
  return value.is_null() ? "" : get_string(value, what, place);
}

void read_sentences(const fs::path& file, SentenceFolder& result) {
  const std::string place = file.string();
  const Json json = read_json(file);
  check(json.is_object(), ErrorKind::kBadInput, "{}: is not a JSON object", place);
  for (const auto& [key, value] : json.items()) {
    if (key == "prompts") {
      check(value.is_object() || value.is_null(), ErrorKind::kBadInput, "{}: prompts is not an object", place);
      for (const auto& [name, text] : value.items())
        result.prompts.emplace_back(name, text_or_empty(text, name, place));
    } else if (key == "default_prompt_name") {
      result.default_prompt = text_or_empty(value, key, place);
    } else if (key == "truncate_dim") {
      if (value.is_null()) continue;
      result.truncate_dim = get_integer(value, key, place);
      check(result.truncate_dim >= 1, ErrorKind::kBadInput, "{}: truncate_dim is {}, must be 1 or more", place,
            result.truncate_dim);
    } else if (key == "similarity_fn_name") {
      constexpr std::string_view kNames[] = {"cosine", "dot", "euclidean", "manhattan"};
      const std::string name = value.is_null() ? "cosine" : get_string(value, key, place);
      const auto found = std::find(std::begin(kNames), std::end(kNames), name);
      check(found != std::end(kNames), ErrorKind::kBadInput,
            "{}: similarity_fn_name is '{}'; cosine, dot, euclidean and manhattan are supported", place, name);
      result.similarity = static_cast<Similarity>(found - std::begin(kNames));
    } else if (key == "model_type") {
      const std::string type = text_or_empty(value, key, place);
      check(type.empty() || type == "SentenceTransformer", ErrorKind::kBadInput,
            "{}: is a {}, which does not make one vector of a text; only a SentenceTransformer is supported", place,
            type);
    } else if (key != "__version__") {
      warn("{}: '{}' is not known and ignored", place, key);
    }
  }
  check(result.default_prompt.empty() || result.find_prompt(result.default_prompt) != nullptr, ErrorKind::kBadInput,
        "{}: default_prompt_name is '{}', which prompts does not have; correct it", place, result.default_prompt);
}

// Arguments of the library's calls; those about device and type are ignored, since they do not affect the text.
void read_arguments(const Json& arguments, const std::string& key, SentenceFolder& result, const std::string& place) {
  constexpr std::string_view kHarmless[] = {
      "trust_remote_code", "torch_dtype",      "dtype",     "attn_implementation", "device_map", "revision",    "token",
      "cache_dir",         "local_files_only", "use_cache", "add_pooling_layer",   "use_fast",   "padding_side"};
  if (arguments.is_null()) return;
  check(arguments.is_object(), ErrorKind::kBadInput, "{}: '{}' is not an object", place, key);
  for (const auto& [name, value] : arguments.items()) {
    if (name == "model_max_length" && (key == "tokenizer_args" || key == "processor_kwargs")) {
      result.max_length = get_integer(value, name, place);
      continue;
    }
    check(std::find(std::begin(kHarmless), std::end(kHarmless), name) != std::end(kHarmless), ErrorKind::kBadInput,
          "{}: '{}' in '{}' is not supported; remove it if it changes nothing", place, name, key);
  }
}

bool is_text_by_rows(const Json& value) {
  if (value.is_null()) return true;
  if (!value.is_object() || !value.contains("text") || !value["text"].is_object()) return false;
  const Json& text = value["text"];
  return text.contains("method") && text["method"] == "forward" && text.contains("method_output_name") &&
         text["method_output_name"] == "last_hidden_state";
}

// sentence_bert_config.json: arguments of the transformer call.
void read_call(const fs::path& file, SentenceFolder& result) {
  const std::string place = file.string();
  const Json json = read_json(file);
  check(json.is_object(), ErrorKind::kBadInput, "{}: is not a JSON object", place);
  for (const auto& [key, value] : json.items()) {
    // Only query or document tasks, which `encode` lacks, use the two lengths.
    if (key == "unpad_inputs" || key == "query_length" || key == "document_length" || key == "backend") continue;
    if (key == "max_seq_length") {
      if (!value.is_null()) result.max_length = get_integer(value, key, place);
    } else if (key == "do_lower_case") {
      check(value.is_boolean(), ErrorKind::kBadInput, "{}: do_lower_case is not true or false", place);
      result.lower_case = value.get<bool>();
    } else if (key.ends_with("_args") || key == "model_kwargs" || key == "processor_kwargs" || key == "config_kwargs") {
      read_arguments(value, key, result, place);
    } else {
      const bool usual = value.is_null() || (key == "transformer_task" && value == "feature-extraction") ||
                         (key == "module_output_name" && value == "token_embeddings") ||
                         (key == "modality_config" && is_text_by_rows(value)) ||
                         (key == "processing_kwargs" && value.is_object() && value.empty());
      check(usual, ErrorKind::kBadInput, "{}: '{}' is {}, which is not supported", place, key,
            printable(dump_json(value), 60));
    }
  }
  check(result.max_length >= 0 && result.max_length <= kMostTokens, ErrorKind::kBadInput,
        "{}: the longest text has {} tokens, must be 1 to {}", place, result.max_length, kMostTokens);
}

void copy_one(const fs::path& from, const fs::path& to) { write_file(to, read_file(from)); }

void copy_folder(const fs::path& from, const fs::path& to) {
  if (!is_folder(from)) return;
  make_folders(to);
  for (const fs::path& entry : list_folder(from))
    if (is_file(entry)) copy_one(entry, to / entry.filename());
}

}  // namespace

const std::string* SentenceFolder::find_prompt(std::string_view name) const {
  for (const auto& [known, text] : prompts)
    if (known == name) return &text;
  return nullptr;
}

SentenceFolder read_sentence_folder(const ModelFiles& files) {
  const fs::path& folder = files.place();
  SentenceFolder result;
  if (!files.modules_json().is_null())
    read_listed(files, result);
  else
    read_usual(folder, result);
  if (has_companion(folder / kSentences)) read_sentences(folder / kSentences, result);
  const fs::path& transformer = files.transformer();
  for (const char* name : kTransformerConfigs)
    if (has_companion(transformer / name)) {
      read_call(transformer / name, result);
      break;
    }
  return result;
}

Json read_modules_json(const fs::path& folder) {
  if (!has_companion(folder / kModules)) return {};
  Json list = read_json(folder / kModules);
  check(list.is_array() && list.size() <= kMostModules, ErrorKind::kBadInput, "{}: is not a list of at most {} modules",
        (folder / kModules).string(), kMostModules);
  return list;
}

fs::path transformer_folder(const ModelFiles& files) {
  const fs::path& folder = files.place();
  if (!files.is_folder() || has_companion(folder / "config.json") || files.modules_json().is_null()) return folder;
  const std::vector<Entry> entries = listed_modules(files);
  return entries.empty() || entries[0].kind() != "Transformer" ? folder : entries[0].folder;
}

void copy_sentence_files(const ModelFiles& files, const fs::path& to) {
  const fs::path& from = files.place();
  if (has_companion(from / kSentences)) copy_one(from / kSentences, to / kSentences);
  const fs::path& transformer = files.transformer();
  for (const char* name : kTransformerConfigs)
    if (has_companion(transformer / name)) copy_one(transformer / name, to / name);
  if (files.modules_json().is_null()) {
    for (const char* usual : {"1_Pooling", "2_Normalize"}) copy_folder(from / usual, to / usual);
    return;
  }
  Json list = files.modules_json();
  const std::vector<Entry> entries = listed_modules(files);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const bool root = entries[i].path.empty();
    if (entries[i].kind() == "Transformer" && i == 0) {
      if (!root) list[i]["path"] = "";
    } else if (!root) {
      copy_folder(entries[i].folder, to / entries[i].path);
    }
  }
  write_file(to / kModules, dump_json(list, 2) + "\n");
}

}  // namespace linnet::models
