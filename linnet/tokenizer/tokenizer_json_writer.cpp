// The tokenizer of a GGUF file as tokenizer.json and tokenizer_config.json.
#include <algorithm>
#include <map>
#include <set>

#include "linnet/base/base64.h"
#include "linnet/base/error.h"
#include "linnet/base/utf8.h"
#include "linnet/tokenizer/charsmap.h"
#include "linnet/tokenizer/gguf/export.h"
#include "linnet/tokenizer/gguf/kinds.h"
#include "linnet/tokenizer/model.h"
#include "linnet/tokenizer/piece_splits.h"
#include "linnet/tokenizer/tokenizer.h"
#include "linnet/tokenizer/tokenizer_data.h"

namespace linnet {
namespace {

Json added_tokens(const GgufVocabulary& v) {
  Json list = Json::array();
  for (std::size_t i = 0; i < v.tokens.size(); ++i) {
    const GgufTokenType type = v.type(i);
    const bool special = type == GgufTokenType::kControl || type == GgufTokenType::kUnknown;
    if (!special && type != GgufTokenType::kUserDefined) continue;
    list.push_back({{"id", i},
                    {"content", v.tokens[i]},
                    {"single_word", false},
                    {"lstrip", false},
                    {"rstrip", false},
                    {"normalized", false},
                    {"special", special}});
  }
  return list;
}

// The special tokens around one text and a pair.
Json framing(const Tokenizer& tokenizer) {
  Json special = Json::object();
  const auto template_of = [&](Texts texts) {
    Json list = Json::array();
    for (const auto& [what, id, type_id] : tokenizer.frame(texts).pieces) {
      const bool token = what == TemplatePiece::What::kToken;
      const std::string name = token ? tokenizer.id_to_token(id) : what == TemplatePiece::What::kFirst ? "A" : "B";
      if (token) special[name] = {{"id", name}, {"ids", {id}}, {"tokens", {name}}};
      list.push_back({{token ? "SpecialToken" : "Sequence", {{"id", name}, {"type_id", type_id}}}});
    }
    return list;
  };
  const Json single = template_of(Texts::kOne), pair = template_of(Texts::kPair);
  return {{"type", "TemplateProcessing"}, {"single", single}, {"pair", pair}, {"special_tokens", special}};
}

Json bpe_model(const Json& vocabulary, const std::vector<std::pair<std::string, std::string>>& merges) {
  Json list = Json::array();
  for (const auto& [left, right] : merges) list.push_back({left, right});
  return {{"type", "BPE"},
          {"dropout", nullptr},
          {"unk_token", nullptr},
          {"continuing_subword_prefix", nullptr},
          {"end_of_word_suffix", nullptr},
          {"fuse_unk", false},
          {"byte_fallback", false},
          {"ignore_merges", false},
          {"vocab", vocabulary},
          {"merges", list}};
}

struct JsonParts {
  Json normalizer, pretokenizer, decoder, model;
};

// Token texts with their ids; of duplicate texts the last one applies, as in reading the file.
Json vocabulary_object(const std::vector<std::string>& tokens) {
  std::map<std::string_view, std::size_t> last;
  for (std::size_t i = 0; i < tokens.size(); ++i) last[tokens[i]] = i;
  Json object = Json::object();
  auto& entries = object.get_ref<Json::object_t&>();
  for (std::size_t i = 0; i < tokens.size(); ++i)  // appended directly: a look-up per token would be slow
    if (last[tokens[i]] == i) entries.emplace_back(tokens[i], Json(i));
  return object;
}

JsonParts byte_level(const GgufVocabulary& v, std::string_view place) {
  const GgufPreKind& kind = find_gguf_pre(v.pre, place);
  Vocabulary vocabulary;
  for (std::size_t i = 0; i < v.tokens.size(); ++i) vocabulary.add(v.tokens[i], static_cast<std::int32_t>(i));
  vocabulary.finish();
  Json model = bpe_model(vocabulary_object(v.tokens), gguf_merges(v, vocabulary, place));
  model["ignore_merges"] = kind.ignore_merges;
  const Json decoder{{"type", "ByteLevel"}, {"add_prefix_space", true}, {"trim_offsets", true}, {"use_regex", true}};
  return {nullptr, gguf_pretokenizer(kind, v.add_space_prefix.value_or(false)), decoder, model};
}

// SentencePiece's BPE joins the adjacent pair with the best score: every split of a piece in two is a merge, ordered by
// score (as in Transformers' converter).
std::vector<std::pair<std::string, std::string>> merges_of_scores(const GgufVocabulary& v, std::string_view place) {
  std::vector<std::int32_t> ids;
  std::set<std::string_view> known;
  for (std::size_t i = 0; i < v.tokens.size(); ++i)
    if (v.type(i) == GgufTokenType::kNormal && known.insert(v.tokens[i]).second)
      ids.push_back(static_cast<std::int32_t>(i));
  std::vector<PieceSplit> found = piece_splits(v.tokens, ids, place);
  const auto score = [&](const PieceSplit& split) { return v.scores[static_cast<std::size_t>(split.whole)]; };
  std::ranges::sort(found, [&](const PieceSplit& a, const PieceSplit& b) {
    return score(a) != score(b) ? score(a) > score(b) : std::pair(a.left, a.right) < std::pair(b.left, b.right);
  });
  std::vector<std::pair<std::string, std::string>> merges;
  merges.reserve(found.size());
  for (const PieceSplit& split : found)
    merges.emplace_back(v.tokens[static_cast<std::size_t>(split.left)],
                        v.tokens[static_cast<std::size_t>(split.right)]);
  return merges;
}

JsonParts sentence_pieces(const GgufVocabulary& v, const Tokenizer& tokenizer, std::string_view place) {
  const auto replace = [](std::string_view from, std::string_view to) {
    return Json{{"type", "Replace"}, {"pattern", {{"String", from}}}, {"content", to}};
  };
  Json steps = Json::array();
  if (v.add_space_prefix.value_or(true)) steps.push_back({{"type", "Prepend"}, {"prepend", kSpaceMark}});
  steps.push_back(replace(" ", kSpaceMark));
  Json decoders = Json::array({replace(kSpaceMark, " "), Json{{"type", "ByteFallback"}}, Json{{"type", "Fuse"}}});
  if (v.add_space_prefix.value_or(true))
    decoders.push_back({{"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}});
  Json model = bpe_model(vocabulary_object(v.tokens), merges_of_scores(v, place));
  if (const auto unk = tokenizer.unk_id()) model["unk_token"] = tokenizer.id_to_token(*unk);
  model["fuse_unk"] = true;
  model["byte_fallback"] = true;
  return {Json{{"type", "Sequence"}, {"normalizers", steps}}, nullptr,
          Json{{"type", "Sequence"}, {"decoders", decoders}}, model};
}

JsonParts unigram_pieces(const GgufVocabulary& v, const Tokenizer& tokenizer) {
  const Json spaces{{"type", "Metaspace"},
                    {"replacement", kSpaceMark},
                    {"prepend_scheme", v.add_space_prefix.value_or(true) ? "always" : "never"},
                    {"split", true}};
  const bool split = v.remove_extra_whitespaces.value_or(true);
  const Json steps = Json::array({Json{{"type", "WhitespaceSplit"}}, spaces});
  Json pieces = Json::array();
  for (std::size_t i = 0; i < v.tokens.size(); ++i) pieces.push_back(Json::array({v.tokens[i], v.scores[i]}));
  const auto unk = tokenizer.unk_id();
  const Json model{{"type", "Unigram"}, {"unk_id", unk ? Json(*unk) : Json()}, {"vocab", pieces}};
  return {v.precompiled_charsmap.empty()
              ? Json()
              : Json{{"type", "Precompiled"}, {"precompiled_charsmap", encode_base64(v.precompiled_charsmap)}},
          split ? Json{{"type", "Sequence"}, {"pretokenizers", steps}} : spaces, spaces, model};
}

JsonParts word_pieces(const Tokenizer& tokenizer) {
  std::vector<std::string> tokens;
  for (std::int64_t i = 0; i < tokenizer.vocab_size(); ++i)
    tokens.emplace_back(tokenizer.data().model->vocabulary().text(static_cast<std::int32_t>(i)).value_or(""));
  const auto unk = tokenizer.unk_id();
  const Json model{{"type", "WordPiece"},
                   {"unk_token", unk ? tokenizer.id_to_token(*unk) : "[UNK]"},
                   {"continuing_subword_prefix", "##"},
                   {"max_input_chars_per_word", 100},
                   {"vocab", vocabulary_object(tokens)}};
  const Json normalizer{{"type", "BertNormalizer"},
                        {"clean_text", true},
                        {"handle_chinese_chars", true},
                        {"strip_accents", nullptr},
                        {"lowercase", true}};
  return {normalizer, Json{{"type", "BertPreTokenizer"}},
          Json{{"type", "WordPiece"}, {"prefix", "##"}, {"cleanup", true}}, model};
}

}  // namespace

std::string tokenizer_json(const GgufVocabulary& v, std::string_view place) {
  for (const std::string& token : v.tokens)
    check(utf8::valid(token), ErrorKind::kBadInput,
          "{}: the token '{}' is not UTF-8, which a tokenizer.json needs; take the tokenizer of the original folder",
          place, printable(token, 60));
  const Tokenizer tokenizer = Tokenizer::from_gguf(v, place);
  const JsonParts parts = v.model == "gpt2"    ? byte_level(v, place)
                          : v.model == "llama" ? sentence_pieces(v, tokenizer, place)
                          : v.model == "t5"    ? unigram_pieces(v, tokenizer)
                                               : word_pieces(tokenizer);
  const Json json{{"version", "1.0"},
                  {"truncation", nullptr},
                  {"padding", nullptr},
                  {"added_tokens", added_tokens(v)},
                  {"normalizer", parts.normalizer},
                  {"pre_tokenizer", parts.pretokenizer},
                  {"post_processor", framing(tokenizer)},
                  {"decoder", parts.decoder},
                  {"model", parts.model}};
  std::string text = dump_json(json, 2) + "\n";
  const Tokenizer again = Tokenizer::from_json(text, fmt::format("{} as tokenizer.json", place));
  check(again.encode_ids(tokenizer_probe(v.model)) == tokenizer.encode_ids(tokenizer_probe(v.model)),
        ErrorKind::kBadInput,
        "{}: its '{}' tokenizer cannot be written as a tokenizer.json with the same ids; take the tokenizer of the "
        "original folder",
        place, printable(v.model, 20));
  return text;
}

std::string tokenizer_config_json(const GgufVocabulary& v, std::int64_t max_length) {
  const Tokenizer tokenizer = Tokenizer::from_gguf(v, "GGUF");
  Json json{{"tokenizer_class", "PreTrainedTokenizerFast"}, {"clean_up_tokenization_spaces", false}};
  if (max_length > 0) json["model_max_length"] = max_length;
  const std::pair<const char*, std::optional<std::int32_t>> tokens[] = {
      {"bos_token", tokenizer.bos_id()},  {"eos_token", tokenizer.eos_id()}, {"unk_token", tokenizer.unk_id()},
      {"pad_token", tokenizer.pad_id()},  {"sep_token", tokenizer.sep_id()}, {"cls_token", tokenizer.cls_id()},
      {"mask_token", tokenizer.mask_id()}};
  for (const auto& [key, id] : tokens)
    if (id) json[key] = tokenizer.id_to_token(*id);
  if (!v.chat_template.empty()) json["chat_template"] = v.chat_template;
  return dump_json(json, 2) + "\n";
}

}  // namespace linnet
