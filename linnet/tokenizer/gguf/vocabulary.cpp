#include "linnet/tokenizer/gguf/vocabulary.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "linnet/base/error.h"
#include "linnet/base/log.h"
#include "linnet/tokenizer/gguf/kinds.h"
#include "linnet/tokenizer/tokenizer_data.h"

namespace linnet {
namespace {

std::optional<std::int32_t> checked_id(const std::optional<std::int64_t>& id, const GgufVocabulary& v, const char* what,
                                       std::string_view place) {
  if (!id) return std::nullopt;
  if (*id < 0 || *id >= static_cast<std::int64_t>(v.tokens.size())) {
    warn("{}: the {} token's id is {}, there are {} tokens; it is ignored", place, what, *id, v.tokens.size());
    return std::nullopt;
  }
  return static_cast<std::int32_t>(*id);
}

void check_vocabulary(const GgufVocabulary& v, std::string_view place) {
  check(!v.tokens.empty() && v.tokens.size() <= INT32_MAX, ErrorKind::kBadInput,
        "{}: tokenizer.ggml.tokens is empty; get the file again", place);
  for (const std::string& token : v.tokens) check_token_length(token, place);
  check(v.token_types.empty() || v.token_types.size() == v.tokens.size(), ErrorKind::kBadInput,
        "{}: tokenizer.ggml.token_type has {} entries for {} tokens; get the file again", place, v.token_types.size(),
        v.tokens.size());
  check(v.scores.empty() || v.scores.size() == v.tokens.size(), ErrorKind::kBadInput,
        "{}: tokenizer.ggml.scores has {} entries for {} tokens; get the file again", place, v.scores.size(),
        v.tokens.size());
}

void read_ids(TokenizerData& data, const GgufVocabulary& v) {
  data.ids.bos = checked_id(v.bos, v, "bos", data.place);
  data.ids.eos = checked_id(v.eos, v, "eos", data.place);
  data.ids.eot = checked_id(v.eot, v, "eot", data.place);
  data.ids.unk = checked_id(v.unk, v, "unknown", data.place);
  data.ids.sep = checked_id(v.sep, v, "separator", data.place);
  data.ids.pad = checked_id(v.pad, v, "padding", data.place);
  data.ids.cls = checked_id(v.cls, v, "cls", data.place);
  data.ids.mask = checked_id(v.mask, v, "mask", data.place);
}

// Control tokens are matched in the text only if special text is parsed, user-defined ones always.
void add_special_tokens(TokenizerData& data, const GgufVocabulary& v) {
  for (std::size_t i = 0; i < v.tokens.size(); ++i) {
    const GgufTokenType type = v.type(i);
    const bool special = type == GgufTokenType::kControl || type == GgufTokenType::kUnknown;
    if (!special && type != GgufTokenType::kUserDefined) continue;
    data.add_token({.content = v.tokens[i], .special = special}, static_cast<std::int32_t>(i));
  }
}

TemplatePiece token_piece(const GgufVocabulary& v, std::int32_t id, std::int32_t type_id = 0) {
  return {TemplatePiece::What::kToken, type_id, {id}, {v.tokens[static_cast<std::size_t>(id)]}};
}

// before A after, and for a pair before A after B after.
void set_template(TokenizerData& data, const GgufVocabulary& v, std::optional<std::int32_t> before,
                  std::optional<std::int32_t> after, std::int32_t second_type) {
  std::vector<TemplatePiece> single;
  if (before) single.push_back(token_piece(v, *before));
  single.push_back({});
  if (after) single.push_back(token_piece(v, *after));
  std::vector<TemplatePiece> pair = single;
  pair.push_back({TemplatePiece::What::kSecond, second_type, {}, {}});
  if (after) pair.push_back(token_piece(v, *after, second_type));
  data.postprocessor = template_processor(std::move(single), std::move(pair));
}

void frame(TokenizerData& data, const GgufVocabulary& v, bool bos_by_default, bool eos_by_default) {
  const bool bos = v.add_bos.value_or(bos_by_default), eos = v.add_eos.value_or(eos_by_default);
  set_template(data, v, bos ? data.ids.bos : std::nullopt, eos ? data.ids.eos : std::nullopt, 0);
}

void build_gpt2(TokenizerData& data, const GgufVocabulary& v) {
  const GgufPreKind& pre = find_gguf_pre(v.pre, data.place);
  Vocabulary vocabulary;
  for (std::size_t i = 0; i < v.tokens.size(); ++i) vocabulary.add(v.tokens[i], static_cast<std::int32_t>(i));
  vocabulary.finish();
  BpeOptions options;
  options.ignore_merges = pre.ignore_merges;
  options.bytes = bpe_can_take_bytes(vocabulary, options);
  data.pretokenizer = make_pretokenizer(gguf_pretokenizer(pre, v.add_space_prefix.value_or(false)), data.place,
                                        options.bytes ? ByteSpelling::kAsTheyAre : ByteSpelling::kCharacters);
  data.decoder = make_decoder(Json{{"type", "ByteLevel"}}, data.place);
  const auto merges = gguf_merges(v, vocabulary, data.place);
  data.is_bpe = true;
  data.model = make_bpe(std::move(vocabulary), merges, options, data.place);
  add_special_tokens(data, v);
  frame(data, v, pre.ignore_merges, false);
}

void build_pieces(TokenizerData& data, const GgufVocabulary& v) {
  const bool unigram = v.model == "t5";
  check(v.scores.size() == v.tokens.size(), ErrorKind::kBadInput,
        "{}: tokenizer.ggml.scores is missing; get the file again", data.place);
  PieceVocabulary pieces;
  pieces.kind = unigram ? PieceVocabulary::Kind::kUnigram : PieceVocabulary::Kind::kBpe;
  pieces.pieces.texts = v.tokens;
  pieces.pieces.byte_fallback = !unigram;
  for (std::size_t i = 0; i < v.tokens.size(); ++i) {
    check(std::isfinite(v.scores[i]), ErrorKind::kBadInput, "{}: token {} has the score {}; get the file again",
          data.place, i, v.scores[i]);
    const bool user = v.type(i) == GgufTokenType::kUserDefined;
    pieces.pieces.scores.push_back(user && unigram ? 0.0 : v.scores[i]);
    const auto type = static_cast<std::int32_t>(v.type(i));
    check(type >= 0 && type <= 6, ErrorKind::kBadInput, "{}: token {} has the unknown type {}; get the file again",
          data.place, i, type);
    pieces.pieces.kinds.push_back(type == 0 ? PieceKind::kNormal : static_cast<PieceKind>(type));
  }
  const auto by_default = [&](std::optional<std::int32_t>& id, std::size_t otherwise) {
    if (!id && otherwise < v.tokens.size()) id = static_cast<std::int32_t>(otherwise);
  };
  by_default(data.ids.unk, unigram ? 2 : 0);
  by_default(data.ids.eos, unigram ? 1 : 2);
  if (!unigram) by_default(data.ids.bos, 1);
  pieces.pieces.unk = data.ids.unk.value_or(-1);
  pieces.normalizer.charsmap = unigram ? v.precompiled_charsmap : "";
  pieces.normalizer.add_dummy_prefix = v.add_space_prefix.value_or(true);
  pieces.normalizer.remove_extra_whitespaces = v.remove_extra_whitespaces.value_or(unigram);
  if (!unigram) pieces.normalizer.remove_extra_whitespaces = false;  // llama.cpp's rule for "llama"
  install_pieces(data, std::move(pieces));
  add_special_tokens(data, v);
  frame(data, v, !unigram, unigram);
}

// llama.cpp's WordPiece vocabularies mark starts of words instead of "##" before continuations.
void build_bert(TokenizerData& data, const GgufVocabulary& v) {
  Vocabulary vocabulary;
  for (std::size_t i = 0; i < v.tokens.size(); ++i) {
    const GgufTokenType type = v.type(i);
    std::string text = v.tokens[i];
    if (text.starts_with(kSpaceMark))
      text.erase(0, kSpaceMark.size());
    else if (type == GgufTokenType::kNormal && !(text.starts_with('[') && text.ends_with(']')))
      text.insert(0, "##");
    vocabulary.add(text, static_cast<std::int32_t>(i));
  }
  vocabulary.finish();
  const auto by_default = [&](std::optional<std::int32_t>& id, std::optional<std::int32_t> first,
                              std::size_t otherwise) {
    if (!id) id = first;
    if (!id && otherwise < v.tokens.size()) id = static_cast<std::int32_t>(otherwise);
  };
  by_default(data.ids.cls, data.ids.bos, 101);
  by_default(data.ids.sep, data.ids.eos, 102);
  by_default(data.ids.unk, std::nullopt, 100);
  by_default(data.ids.mask, std::nullopt, 103);
  by_default(data.ids.pad, std::nullopt, 0);
  WordPieceOptions options;
  options.unk_token = data.ids.unk ? std::string(vocabulary.text(*data.ids.unk).value_or("")) : "";
  options.max_input_chars_per_word = INT32_MAX;  // llama.cpp has no limit
  data.normalizer = gguf_bert_normalizer();
  data.pretokenizer = make_pretokenizer(Json{{"type", "WhitespaceSplit"}}, data.place, ByteSpelling::kCharacters);
  data.decoder = make_decoder(Json{{"type", "WordPiece"}, {"prefix", "##"}, {"cleanup", true}}, data.place);
  data.model = make_wordpiece(std::move(vocabulary), options, data.place);
  add_special_tokens(data, v);
  const bool before = v.add_bos.value_or(true), after = v.add_eos.value_or(v.add_sep.value_or(true));
  set_template(data, v, before ? data.ids.cls : std::nullopt, after ? data.ids.sep : std::nullopt, 1);
}

}  // namespace

TokenizerDataPtr build_gguf_tokenizer(const GgufVocabulary& vocabulary, std::string_view place) {
  check_vocabulary(vocabulary, place);
  auto data = std::make_shared<TokenizerData>();
  data->place = place;
  read_ids(*data, vocabulary);
  if (vocabulary.model == "gpt2")
    build_gpt2(*data, vocabulary);
  else if (vocabulary.model == "llama" || vocabulary.model == "t5")
    build_pieces(*data, vocabulary);
  else if (vocabulary.model == "bert")
    build_bert(*data, vocabulary);
  else
    fail(ErrorKind::kBadInput, "{}: tokenizer.ggml.model '{}' is not supported; these are: gpt2, llama, bert, t5",
         place, printable(vocabulary.model));
  if (!vocabulary.chat_template.empty()) {
    data->chat_templates["default"] = vocabulary.chat_template;
    data->chat_template_place = fmt::format("{}: tokenizer.chat_template", place);
  }
  return data;
}

}  // namespace linnet
