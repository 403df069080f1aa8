#include "linnet/models/model_files.h"

#include "linnet/base/file.h"
#include "linnet/models/loader.h"
#include "linnet/models/sentence_folder.h"
#include "linnet/tokenizer/tokenizer_files.h"

namespace linnet::models {

namespace fs = std::filesystem;

bool ModelFiles::is_folder() const { return linnet::is_folder(place_); }

const fs::path& ModelFiles::transformer() const {
  return transformer_.get([&] { return transformer_folder(*this); });
}

const Json& ModelFiles::config_json() const {
  return config_json_.get(
      [&] { return is_folder() ? read_config_file(transformer() / "config.json") : gguf_config(*gguf()); });
}

const Family& ModelFiles::family() const {
  return family_of(config_json(), (is_folder() ? transformer() / "config.json" : place_).string());
}

TransformerConfig ModelFiles::config(std::optional<HeadKind> head) const {
  ConfigFields fields = is_folder() ? ConfigFields::reader(config_json(), (transformer() / "config.json").string())
                                    : ConfigFields::gguf_reader(config_json(), place_.string());
  return read_config(fields, family(), head);
}

const GenerationConfig& ModelFiles::generation() const {
  return generation_.get(
      [&] { return is_folder() ? read_generation_config(transformer(), config_json()) : GenerationConfig{}; });
}

const CheckpointReader& ModelFiles::checkpoint() const {
  return *checkpoint_.get([&]() -> std::shared_ptr<const CheckpointReader> {
    if (is_folder() || place_.extension() != ".gguf")
      return CheckpointReader::open(is_folder() ? transformer() : place_);
    return gguf_checkpoint(gguf());
  });
}

const Json& ModelFiles::modules_json() const {
  return modules_json_.get([&] { return is_folder() ? read_modules_json(place_) : Json(); });
}

const std::shared_ptr<GgufFile>& ModelFiles::gguf() const {
  return gguf_.get([&] { return GgufFile::open(place_); });
}

GgufVocabulary gguf_vocabulary(const GgufFile& file) {
  const auto key = [](const char* name) { return fmt::format("tokenizer.ggml.{}", name); };
  const auto id = [&](const char* name) { return file.integer(key(fmt::format("{}_token_id", name).c_str())); };
  GgufVocabulary v;
  v.model = file.string(key("model")).value_or("");
  v.pre = file.string(key("pre")).value_or("");
  v.tokens = file.strings(key("tokens")).value_or(std::vector<std::string>{});
  check(!v.tokens.empty(), ErrorKind::kBadInput,
        "{}: has no vocabulary (tokenizer.ggml.tokens); convert the model with its tokenizer", file.place());
  const GgufEntry* const types = file.find(key("token_type"));
  check(types == nullptr || types->element == GgufType::kI32 || types->element == GgufType::kU32, ErrorKind::kBadInput,
        "{}: {} has elements of type {}, not i32; the file is damaged", file.place(), key("token_type"),
        types == nullptr ? "" : to_string(types->element));
  for (const std::int64_t type : file.integers(key("token_type")).value_or(std::vector<std::int64_t>{}))
    v.token_types.push_back(static_cast<std::int32_t>(type));
  for (const double score : file.numbers(key("scores")).value_or(std::vector<double>{}))
    v.scores.push_back(static_cast<float>(score));
  v.merges = file.strings(key("merges")).value_or(std::vector<std::string>{});
  v.bos = id("bos"), v.eos = id("eos"), v.eot = id("eot"), v.unk = id("unknown"), v.pad = id("padding");
  v.cls = id("cls"), v.mask = id("mask");
  v.sep = id("seperator");  // the key's actual spelling
  if (!v.sep) v.sep = id("separator");
  v.add_bos = file.boolean(key("add_bos_token"));
  v.add_eos = file.boolean(key("add_eos_token"));
  v.add_sep = file.boolean(key("add_sep_token"));
  v.add_space_prefix = file.boolean(key("add_space_prefix"));
  v.remove_extra_whitespaces = file.boolean(key("remove_extra_whitespaces"));
  if (const auto map = file.integers(key("precompiled_charsmap")))
    for (const std::int64_t byte : *map) v.precompiled_charsmap.push_back(static_cast<char>(byte));
  v.chat_template = file.string("tokenizer.chat_template").value_or("");
  return v;
}

bool has_tokenizer(const ModelFiles& files) { return !files.is_folder() || linnet::has_tokenizer(files.transformer()); }

Tokenizer load_tokenizer(const ModelFiles& files) {
  if (files.is_folder()) return Tokenizer::from_pretrained(files.transformer());
  if (files.place().extension() != ".gguf") return Tokenizer::from_file(files.place());
  return Tokenizer::from_gguf(gguf_vocabulary(*files.gguf()), files.place().string());
}

}  // namespace linnet::models
