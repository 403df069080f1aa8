#include "linnet/models/pretrained.h"

#include "linnet/base/file.h"
#include "linnet/io/gguf.h"
#include "linnet/models/sentence_folder.h"

namespace linnet::models {

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

Tokenizer load_tokenizer(const std::filesystem::path& path) {
  if (is_folder(path)) return Tokenizer::from_pretrained(transformer_folder(path));
  if (path.extension() != ".gguf") return Tokenizer::from_file(path);
  const auto file = GgufFile::open(path);
  return Tokenizer::from_gguf(gguf_vocabulary(*file), path.string());
}

void check_fits(const Tokenizer& tokenizer, const Model& model) {
  check(tokenizer.vocab_size() <= model.config().vocab, ErrorKind::kBadInput,
        "{}: the tokenizer has ids up to {}, the model's vocabulary ends at {}; take the tokenizer of this model",
        model.place().string(), tokenizer.vocab_size() - 1, model.config().vocab - 1);
}

Pretrained load_pretrained(const std::filesystem::path& path, const LoadOptions& options) {
  Tokenizer tokenizer = load_tokenizer(path);
  auto model = Model::from_pretrained(path, options);
  check_fits(tokenizer, *model);
  return {std::move(model), std::move(tokenizer)};
}

}  // namespace linnet::models
