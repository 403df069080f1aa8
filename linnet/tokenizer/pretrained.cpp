#include <algorithm>
#include <utility>

#include "linnet/base/error.h"
#include "linnet/base/file.h"
#include "linnet/base/log.h"
#include "linnet/tokenizer/piece_rules.h"
#include "linnet/tokenizer/tokenizer.h"
#include "linnet/tokenizer/tokenizer_data.h"
#include "linnet/tokenizer/tokenizer_files.h"

namespace linnet {
namespace {

namespace fs = std::filesystem;

constexpr const char* kConfig = "tokenizer_config.json";
constexpr std::size_t kLargestTemplate = std::size_t{1} << 20;

Json read_object(const fs::path& file) {
  if (!has_companion(file)) return Json::object();
  Json json = read_json(file, {.duplicate_keys = true});
  check(json.is_object(), ErrorKind::kBadInput, "{}: not a JSON object; get the file again", file.string());
  return json;
}

// "tok" or {"content": "tok", …}
std::optional<AddedToken> read_token(const Json& json) {
  AddedToken token;
  if (json.is_string()) {
    token.content = json.get<std::string>();
    token.special = true;
  } else if (json.is_object() && json.contains("content") && json["content"].is_string()) {
    token.content = json["content"].get<std::string>();
    const auto flag = [&](const char* key) {
      return json.contains(key) && json[key].is_boolean() && json[key].get<bool>();
    };
    token.single_word = flag("single_word");
    token.lstrip = flag("lstrip");
    token.rstrip = flag("rstrip");
    token.normalized = flag("normalized");
    token.special = flag("special");
  }
  return token.content.empty() ? std::nullopt : std::optional(token);
}

void read_special_ids(TokenizerData& data, const Json& config, const Json& map, const fs::path& file) {
  const std::pair<const char*, std::optional<std::int32_t>*> fields[] = {
      {"bos_token", &data.ids.bos},  {"eos_token", &data.ids.eos}, {"pad_token", &data.ids.pad},
      {"unk_token", &data.ids.unk},  {"cls_token", &data.ids.cls}, {"sep_token", &data.ids.sep},
      {"mask_token", &data.ids.mask}};
  for (const auto& [key, slot] : fields) {
    const Json& json = config.contains(key) ? config : map;
    if (!json.contains(key)) continue;
    if (json[key].is_null()) {
      slot->reset();
      continue;
    }
    const auto token = read_token(json[key]);
    if (!token) continue;
    const std::int32_t id = data.find(token->content);
    if (id < 0) {
      warn("{}: {} '{}' is not in the vocabulary; it is ignored", file.string(), key, printable(token->content, 60));
      continue;
    }
    *slot = id;
    if (data.added.find(token->content) >= 0) continue;
    AddedToken special = *token;
    special.special = true;
    data.add_token(special, id);
  }
}

// Reads tokens that only the configuration has.
void read_added(TokenizerData& data, const Json& config, const Json& legacy, const fs::path& file) {
  if (config.contains("added_tokens_decoder") && config["added_tokens_decoder"].is_object()) {
    for (const auto& [key, value] : config["added_tokens_decoder"].items()) {
      const auto token = read_token(value);
      const bool digits =
          !key.empty() && key.size() < 10 && std::ranges::all_of(key, [](char c) { return c >= '0' && c <= '9'; });
      check(token && digits, ErrorKind::kBadInput,
            "{}: added_tokens_decoder: entry '{}' is not an id with a token; correct it", file.string(),
            printable(key, 60));
      if (data.added.find(token->content) >= 0) continue;
      const std::int32_t known = data.find(token->content);
      data.add_token(*token, known >= 0 ? known : std::stoi(key));
    }
  }
  for (const auto& [content, id] : legacy.items()) {
    if (!id.is_number_integer() || data.find(content) >= 0) continue;
    const std::int64_t number = get_integer(id, content, "added_tokens.json");
    check(number >= 0 && number <= INT32_MAX, ErrorKind::kBadInput, "added_tokens.json: '{}' has the id {}; correct it",
          printable(content, 60), number);
    data.add_token({.content = content}, static_cast<std::int32_t>(number));
  }
}

void read_templates(TokenizerData& data, const Json& config, const fs::path& folder) {
  const fs::path config_file = folder / kConfig;
  if (config.contains("chat_template")) {
    const Json& json = config["chat_template"];
    data.chat_template_place = config_file.string() + ": chat_template";
    if (json.is_string()) data.chat_templates["default"] = json.get<std::string>();
    for (const Json& item : json.is_array() ? json : Json::array()) {
      const bool named = item.is_object() && item.contains("name") && item["name"].is_string() &&
                         item.contains("template") && item["template"].is_string();
      check(named, ErrorKind::kBadInput, "{}: chat_template: an entry lacks 'name' or 'template'; correct it",
            config_file.string());
      data.chat_templates[item["name"].get<std::string>()] = item["template"].get<std::string>();
    }
  }
  if (const fs::path file = folder / "chat_template.jinja"; has_companion(file)) {
    data.chat_templates["default"] = read_file(file, kLargestTemplate);
    data.chat_template_place = file.string();
  }
  const fs::path more = folder / "additional_chat_templates";
  if (presence(more) == Presence::kAbsent) return;
  for (const fs::path& file : list_folder(more, 1000))
    if (file.extension() == ".jinja") data.chat_templates[file.stem().string()] = read_file(file, kLargestTemplate);
}

Side side(const Json& config, const char* key) {
  return config.contains(key) && config[key] == "left" ? Side::kLeft : Side::kRight;
}

// A SentencePiece model does not specify the special tokens around a text; the configuration does.
void frame_pieces(TokenizerData& data, const Json& config) {
  const auto text = [&](const char* key) {
    return config.contains(key) && config[key].is_string() ? config[key].get<std::string>() : "";
  };
  const auto flag = [&](const char* key, bool otherwise) {
    return config.contains(key) && config[key].is_boolean() ? config[key].get<bool>() : otherwise;
  };
  const std::string kind = text("tokenizer_class");
  const bool bos = flag("add_bos_token", kind.starts_with("Llama")),
             eos = flag("add_eos_token", kind.starts_with("T5"));
  // Of one text; TokenizersBackend of Transformers frames the second as the first, with type 1.
  const auto framed = [&](TemplatePiece::What which, std::int32_t type) {
    std::vector<TemplatePiece> pieces{{which, type, {}, {}}};
    const auto piece = [&](std::int32_t id) {
      return TemplatePiece{
          TemplatePiece::What::kToken, type, {id}, {std::string(data.model->vocabulary().text(id).value_or(""))}};
    };
    if (eos && data.ids.eos) pieces.push_back(piece(*data.ids.eos));
    if (bos && data.ids.bos) pieces.insert(pieces.begin(), piece(*data.ids.bos));
    return pieces;
  };
  std::vector<TemplatePiece> single = framed(TemplatePiece::What::kFirst, 0), pair = single;
  const std::vector<TemplatePiece> second = framed(TemplatePiece::What::kSecond, 1);
  pair.insert(pair.end(), second.begin(), second.end());
  data.postprocessor = template_processor(std::move(single), std::move(pair));
}

BertOptions bert_options(const Json& config) {
  BertOptions options;
  const auto flag = [&](const char* key, bool otherwise) {
    return config.contains(key) && config[key].is_boolean() ? config[key].get<bool>() : otherwise;
  };
  options.lowercase = flag("do_lower_case", true);
  options.handle_chinese_chars = flag("tokenize_chinese_chars", true);
  options.strip_accents = flag("strip_accents", options.lowercase);
  return options;
}

// The flag of <mask> in the configuration, if any.
bool mask_takes_spaces(const Json& config, bool otherwise) {
  const auto flag = [](const Json& token) {
    return token.contains("lstrip") && token["lstrip"].is_boolean() && token["lstrip"].get<bool>();
  };
  if (config.contains("mask_token") && config["mask_token"].is_object()) return flag(config["mask_token"]);
  if (!config.contains("added_tokens_decoder") || !config["added_tokens_decoder"].is_object()) return otherwise;
  for (const Json& token : config["added_tokens_decoder"])
    if (token.is_object() && token.contains("content") && token["content"] == "<mask>") return flag(token);
  return otherwise;
}

MergesOptions merges_options(const Json& config) {
  MergesOptions options;
  const auto flag = [&](const char* key, bool& value) {
    if (config.contains(key) && config[key].is_boolean()) value = config[key].get<bool>();
  };
  flag("add_prefix_space", options.add_prefix_space);
  flag("trim_offsets", options.trim_offsets);
  options.mask_takes_spaces = mask_takes_spaces(config, options.mask_takes_spaces);
  const Json kind = config.value("tokenizer_class", Json());
  options.framed = !kind.is_string() || !kind.get<std::string>().starts_with("GPT2");
  return options;
}

bool is_whole(const fs::path& folder, const VocabularyFile& file) {
  // Reading reports that the other files of source and target pieces are not there.
  if (file.format == VocabularyFormat::kSourceAndTarget && has_companion(folder / kTargetFile)) return true;
  return has_companion(folder / file.name) &&
         (file.format != VocabularyFormat::kVocabAndMerges || has_companion(folder / kMergesFile));
}

TokenizerDataPtr read_both_languages(const fs::path& folder, const Json& config) {
  check(!config.contains("separate_vocabs") || config["separate_vocabs"] != true, ErrorKind::kBadInput,
        "{}: separate_vocabs is true, and two vocabularies are not supported; use a model with one vocab.json",
        (folder / kConfig).string());
  for (const char* name : {kSourceFile, kTargetFile, kVocabFile})
    check(has_companion(folder / name), ErrorKind::kBadInput,
          "{}: not there; the pieces of two languages need {}, {} and {}; get the file of the model",
          (folder / name).string(), kSourceFile, kTargetFile, kVocabFile);
  TokenizerDataPtr data = read_source_and_target(folder / kSourceFile, folder / kTargetFile, folder / kVocabFile);
  for (const auto& [key, language] :
       {std::pair("source_lang", &data->languages->source), {"target_lang", &data->languages->target}})
    if (config.contains(key) && config[key].is_string()) *language = config[key].get<std::string>();
  return data;
}

// With the named tokens of special_tokens_map.json that it lacks.
Json with_named_tokens(Json config, const fs::path& folder) {
  const Json map = read_object(folder / "special_tokens_map.json");
  for (const auto& [key, token] : map.items())
    if (key.ends_with("_token") && !config.contains(key)) config[key] = token;
  return config;
}

std::string class_of(const fs::path& folder, const Json& config) {
  const std::string name = tokenizer_class_of(config, Json::object());
  return name.empty() ? tokenizer_class_of(config, read_object(folder / "config.json")) : name;
}

// The rules of a class for a file of that format. Classes of unigrams have files with other names than tokenizer.model.
std::optional<PieceRules> rules_for(VocabularyFormat format, std::string_view tokenizer_class, const Json& config) {
  auto rules = piece_rules(tokenizer_class, config);
  const bool own = format != VocabularyFormat::kSentencePiece || (rules && rules->model == PieceModel::kMerges);
  return own ? rules : std::nullopt;
}

// A SentencePiece file as the tokenizer class of the model reads it, or as SentencePiece does.
TokenizerDataPtr read_pieces(const fs::path& file, const Json& config, VocabularyFormat format) {
  const std::string name = class_of(file.parent_path(), config);
  if (const auto rules = rules_for(format, name, with_named_tokens(config, file.parent_path()))) {
    const PieceVocabulary vocabulary = parse_pieces(read_file(file, kLargestTokenizerFile), file.string());
    if (rules_fit(vocabulary, *rules)) return apply_rules(vocabulary, *rules, file.string());
    check(format == VocabularyFormat::kSentencePiece, ErrorKind::kBadInput,
          "{}: its pieces are not of the kind that {} reads; the file is of another model", file.string(), name);
  }
  if (format == VocabularyFormat::kPiecesOfClass) {
    const Json model = read_object(file.parent_path() / "config.json");
    const std::string type =
        model.contains("model_type") && model["model_type"].is_string() ? model["model_type"].get<std::string>() : "";
    fail(ErrorKind::kBadInput,
         "{}: the ids of its pieces depend on the tokenizer class, and '{}' is not supported ({} are); save a "
         "tokenizer.json with Transformers",
         file.string(), printable(name.empty() ? type : name, 60), ruled_classes());
  }
  TokenizerDataPtr data = read_sentencepiece_model(file);
  frame_pieces(*data, config);
  return data;
}

// OPT has GPT-2's class with special tokens of its own, of which the configuration says where they are.
TokenizerDataPtr read_merges(const fs::path& folder, const fs::path& vocabulary, const Json& config) {
  const MergesOptions options = merges_options(config);
  TokenizerDataPtr data = read_vocab_and_merges(vocabulary, folder / kMergesFile, options);
  if (options.framed || !config.contains("add_bos_token")) return data;
  read_special_ids(*data, config, read_object(folder / "special_tokens_map.json"), folder / kConfig);
  frame_pieces(*data, config);
  return data;
}

TokenizerDataPtr read(const fs::path& folder, const VocabularyFile& file, const Json& config) {
  const fs::path path = folder / file.name;
  switch (file.format) {
    case VocabularyFormat::kTokenizerJson:
      return read_tokenizer_json(path);
    case VocabularyFormat::kSourceAndTarget:
      return read_both_languages(folder, config);
    case VocabularyFormat::kSentencePiece:
    case VocabularyFormat::kPieces:
    case VocabularyFormat::kPiecesOfClass:
      return read_pieces(path, config, file.format);
    case VocabularyFormat::kVocabAndMerges:
      return read_merges(folder, path, config);
    case VocabularyFormat::kVocabText:
      return read_vocab_txt(path, {bert_options(config)});
  }
  return nullptr;
}

TokenizerDataPtr read_vocabulary(const fs::path& folder, const Json& config) {
  std::string names;
  for (const VocabularyFile& file : kVocabularyFiles) {
    if (is_whole(folder, file)) return read(folder, file, config);
    names += fmt::format("{}{}", names.empty() ? "" : ", ", file.name);
  }
  fail(ErrorKind::kBadInput,
       "{}: no tokenizer there; it needs one of {} (vocab.json with merges.txt, source.spm with target.spm and "
       "vocab.json)",
       folder.string(), names);
}

// Applies tokenizer_config.json, `config`, and the other files next to the vocabulary.
void apply(const Json& config, const fs::path& folder, TokenizerData& data) {
  const fs::path file = folder / kConfig;
  const Json map = read_object(folder / "special_tokens_map.json");
  const bool whole = has_companion(folder / "tokenizer.json");  // then added_tokens.json is ignored
  read_added(data, config, whole ? Json::object() : read_object(folder / "added_tokens.json"), file);
  read_special_ids(data, config, map, file);
  read_templates(data, config, folder);
  data.padding_side = side(config, "padding_side");
  data.truncation_side = side(config, "truncation_side");
  if (config.contains("clean_up_tokenization_spaces") && config["clean_up_tokenization_spaces"].is_boolean())
    data.clean_up_spaces = config["clean_up_tokenization_spaces"].get<bool>();
  if (config.contains("model_max_length") && config["model_max_length"].is_number()) {
    const double length = config["model_max_length"].get<double>();
    if (length >= 1 && length < 1e9) data.model_max_length = static_cast<std::int64_t>(length);
  }
  apply_languages(data, class_of(folder, config), config, file.string());
}

}  // namespace

bool has_tokenizer(const fs::path& folder) {
  return std::ranges::any_of(kVocabularyFiles, [&](const VocabularyFile& file) { return is_whole(folder, file); });
}

TokenizerDataPtr read_tokenizer_folder(const fs::path& folder, std::string_view tokenizer_json) {
  TokenizerDataPtr data = parse_tokenizer_json(tokenizer_json, (folder / "tokenizer.json").string());
  apply(read_object(folder / kConfig), folder, *data);
  return data;
}

Tokenizer Tokenizer::from_pretrained(const fs::path& folder) {
  if (is_file(folder)) return from_file(folder);
  const Json config = read_object(folder / kConfig);
  TokenizerDataPtr data = read_vocabulary(folder, config);
  apply(config, folder, *data);
  return Tokenizer(std::move(data));
}

Tokenizer Tokenizer::from_file(const fs::path& file) {
  if (file.extension() == ".json") return Tokenizer(read_tokenizer_json(file));
  if (file.extension() == ".txt") return Tokenizer(read_vocab_txt(file, {}));
  return Tokenizer(read_sentencepiece_model(file));
}

}  // namespace linnet
