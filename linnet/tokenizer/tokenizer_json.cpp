#include <algorithm>

#include "linnet/base/error.h"
#include "linnet/base/file.h"
#include "linnet/base/log.h"
#include "linnet/tokenizer/json_reader.h"
#include "linnet/tokenizer/tokenizer_data.h"

namespace linnet {
namespace {

std::string text_of(const Json& object, const char* key, std::string_view otherwise, std::string_view place) {
  const Json& value = entry_or_null(object, key);
  return value.is_null() ? std::string(otherwise) : get_string(value, key, place);
}

std::int32_t id_of(const Json& value, const char* key, std::string_view place) {
  const std::int64_t id = get_integer(value, key, place);
  check(id >= 0 && id <= INT32_MAX, ErrorKind::kBadInput,
        "{}: '{}' is {}, not an id from 0 to {}; correct the file, or get it again", place, key, id, INT32_MAX);
  return static_cast<std::int32_t>(id);
}

// Old files have no type; it is derived from the fields.
std::string model_type(const TokenizerFile& file, const Json& model, std::string_view place) {
  if (!entry_or_null(model, "type").is_null()) return get_string(model["type"], "type", place);
  if (file.has_merges) return "BPE";
  if (file.shape == TokenizerFile::Shape::kList) return "Unigram";
  return model.contains("continuing_subword_prefix") ? "WordPiece" : "WordLevel";
}

TokenModelPtr make_model(TokenizerFile& file, ByteSpelling spelling, std::string_view place) {
  const Json& model = require(file.root, "model", place);
  check(model.is_object(), ErrorKind::kBadInput, "{}: 'model' is not an object; correct the file, or get it again",
        place);
  const std::string type = model_type(file, model, place);
  const bool known = type == "BPE" || type == "WordPiece" || type == "WordLevel" || type == "Unigram";
  check(known, ErrorKind::kBadInput,
        "{}: model '{}' is not known (BPE, WordPiece, WordLevel, Unigram are); correct the file, or get it again",
        place, printable(type));
  const auto shape = type == "Unigram" ? TokenizerFile::Shape::kList : TokenizerFile::Shape::kObject;
  check(file.shape == shape, ErrorKind::kBadInput,
        "{}: the model is {}, its 'vocab' is {}; correct the file, or get it again", place, printable(type),
        file.shape == TokenizerFile::Shape::kMissing ? "missing" : "of another shape");
  if (file.vocabulary.has_shared_ids()) warn("{}: tokens share an id; the later one is what the id decodes to", place);
  if (type == "Unigram") {
    ScoredPieces pieces = std::move(file.pieces);
    if (!entry_or_null(model, "unk_id").is_null()) pieces.unk = id_of(model["unk_id"], "unk_id", place);
    pieces.byte_fallback = get_flag(model, "byte_fallback", false, place);
    return make_unigram(std::move(pieces), place);
  }
  if (type == "WordLevel")
    return make_wordlevel(std::move(file.vocabulary), text_of(model, "unk_token", "<unk>", place), place);
  if (type == "WordPiece") {
    WordPieceOptions options;
    options.unk_token = text_of(model, "unk_token", "[UNK]", place);
    options.continuing_subword_prefix = text_of(model, "continuing_subword_prefix", "##", place);
    if (const Json& limit = entry_or_null(model, "max_input_chars_per_word"); !limit.is_null())
      options.max_input_chars_per_word = get_integer(limit, "max_input_chars_per_word", place);
    return make_wordpiece(std::move(file.vocabulary), options, place);
  }
  BpeOptions options;
  options.unk_token = text_of(model, "unk_token", "", place);
  options.continuing_subword_prefix = text_of(model, "continuing_subword_prefix", "", place);
  options.end_of_word_suffix = text_of(model, "end_of_word_suffix", "", place);
  options.fuse_unk = get_flag(model, "fuse_unk", false, place);
  options.byte_fallback = get_flag(model, "byte_fallback", false, place);
  options.ignore_merges = get_flag(model, "ignore_merges", false, place);
  options.bytes = spelling == ByteSpelling::kAsTheyAre;
  return make_bpe(std::move(file.vocabulary), file.merges, options, place);
}

// A ByteLevel step may keep bytes if a BPE model with a token for every byte follows.
ByteSpelling spelling_of(const TokenizerFile& file, std::string_view place) {
  const Json& model = require(file.root, "model", place);
  if (!model.is_object() || file.shape != TokenizerFile::Shape::kObject || model_type(file, model, place) != "BPE")
    return ByteSpelling::kCharacters;
  BpeOptions options;
  options.continuing_subword_prefix = text_of(model, "continuing_subword_prefix", "", place);
  options.end_of_word_suffix = text_of(model, "end_of_word_suffix", "", place);
  const bool can =
      ends_in_byte_level(entry_or_null(file.root, "pre_tokenizer")) && bpe_can_take_bytes(file.vocabulary, options);
  return can ? ByteSpelling::kAsTheyAre : ByteSpelling::kCharacters;
}

void add_tokens(TokenizerData& data, const Json& list) {
  if (list.is_null()) return;
  check(list.is_array(), ErrorKind::kBadInput, "{}: 'added_tokens' is not a list; correct the file, or get it again",
        data.place);
  for (const Json& item : list) {
    check(item.is_object(), ErrorKind::kBadInput,
          "{}: an added token is not an object; correct the file, or get it again", data.place);
    AddedToken token;
    token.content = get_string(require(item, "content", data.place), "content", data.place);
    token.single_word = get_flag(item, "single_word", false, data.place);
    token.lstrip = get_flag(item, "lstrip", false, data.place);
    token.rstrip = get_flag(item, "rstrip", false, data.place);
    token.special = get_flag(item, "special", false, data.place);
    token.normalized = get_flag(item, "normalized", !token.special, data.place);
    const std::int32_t given = id_of(require(item, "id", data.place), "id", data.place);
    if (token.content.empty()) continue;
    std::int32_t id = data.find(token.content);
    if (id < 0) {
      id = given;
    } else if (id != given) {
      warn("{}: added token '{}' has id {} there, but {} in the vocabulary, which counts", data.place,
           printable(token.content, 60), given, id);
    }
    data.add_token(token, id);
  }
}

std::optional<Truncation> truncation(const Json& json, std::string_view place) {
  if (json.is_null()) return std::nullopt;
  Truncation t;
  t.max_length = get_integer(require(json, "max_length", place), "max_length", place);
  check(t.max_length >= 0, ErrorKind::kBadInput, "{}: truncation: max_length is {}; correct the file, or get it again",
        place, t.max_length);
  const std::string strategy = text_of(json, "strategy", "LongestFirst", place);
  t.strategy = strategy == "OnlyFirst"    ? TruncationStrategy::kOnlyFirst
               : strategy == "OnlySecond" ? TruncationStrategy::kOnlySecond
                                          : TruncationStrategy::kLongestFirst;
  t.side = text_of(json, "direction", "Right", place) == "Left" ? Side::kLeft : Side::kRight;
  return t;
}

std::optional<Padding> padding(const Json& json, std::string_view place) {
  if (json.is_null()) return std::nullopt;
  constexpr std::int64_t kLongest = 1 << 18;  // every text is padded to it; real batches have a quarter
  Padding p;
  if (const Json& strategy = entry_or_null(json, "strategy"); strategy.is_object() && strategy.contains("Fixed")) {
    p.length = get_integer(strategy["Fixed"], "Fixed", place);
    check(*p.length >= 0 && *p.length <= kLongest, ErrorKind::kBadInput,
          "{}: padding to {} tokens; correct the file, or get it again", place, *p.length);
  }
  if (const Json& multiple = entry_or_null(json, "pad_to_multiple_of"); !multiple.is_null()) {
    p.multiple_of = get_integer(multiple, "pad_to_multiple_of", place);
    check(p.multiple_of >= 0 && p.multiple_of <= kLongest, ErrorKind::kBadInput,
          "{}: padding to a multiple of {}; correct the file, or get it again", place, p.multiple_of);
  }
  p.side = text_of(json, "direction", "Right", place) == "Left" ? Side::kLeft : Side::kRight;
  if (!entry_or_null(json, "pad_id").is_null()) p.id = id_of(json["pad_id"], "pad_id", place);
  if (!entry_or_null(json, "pad_type_id").is_null()) p.type_id = id_of(json["pad_type_id"], "pad_type_id", place);
  p.token = text_of(json, "pad_token", "[PAD]", place);
  return p;
}

// Checks the ids of special tokens and padding with empty texts, which have no other ids.
void check_added_ids(const TokenizerData& data) {
  const std::int32_t last = std::max(data.model->vocabulary().max_id(), data.added.max_id());
  const auto check_id = [&](std::int32_t id, const char* what) {
    check(id <= last, ErrorKind::kBadInput,
          "{}: {}: id {} is outside the vocabulary, whose last is {}; correct the file, or get it again", data.place,
          what, id, last);
  };
  if (data.file_padding) check_id(data.file_padding->id, "padding");
  for (std::size_t texts = 1; data.postprocessor && texts <= 2; ++texts) {
    Parts parts{std::vector<Encoding>(texts), std::vector<std::string_view>(texts)};
    try {
      data.postprocessor->process(parts);
    } catch (const Error& error) {
      fail(ErrorKind::kBadInput, "{}: post_processor: {}; correct the file, or get it again", data.place, error.what());
    }
    check(!parts.encodings.empty(), ErrorKind::kBadInput,
          "{}: post_processor: leaves nothing of {} texts; correct the file, or get it again", data.place, texts);
    for (const Encoding& e : parts.encodings)
      for (const std::int32_t id : e.ids) check_id(id, "post_processor");
  }
}

}  // namespace

TokenizerDataPtr parse_tokenizer_json(std::string_view text, std::string_view place) {
  TokenizerFile file = read_tokenizer_text(text, place);
  auto data = std::make_shared<TokenizerData>();
  data->place = place;
  const ByteSpelling spelling = spelling_of(file, place);
  data->normalizer = make_normalizer(entry_or_null(file.root, "normalizer"), place);
  data->pretokenizer = make_pretokenizer(entry_or_null(file.root, "pre_tokenizer"), place, spelling);
  data->postprocessor = make_postprocessor(entry_or_null(file.root, "post_processor"), place);
  data->decoder = make_decoder(entry_or_null(file.root, "decoder"), place);
  data->is_bpe = file.shape == TokenizerFile::Shape::kObject &&
                 model_type(file, require(file.root, "model", place), place) == "BPE";
  data->model = make_model(file, spelling, place);
  add_tokens(*data, entry_or_null(file.root, "added_tokens"));
  data->file_truncation = truncation(entry_or_null(file.root, "truncation"), place);
  data->file_padding = padding(entry_or_null(file.root, "padding"), place);
  check_added_ids(*data);
  const std::string unknown = text_of(file.root["model"], "unk_token", "", place);
  if (const std::int32_t id = unknown.empty() ? -1 : data->find(unknown); id >= 0) data->ids.unk = id;
  return data;
}

TokenizerDataPtr read_tokenizer_json(const std::filesystem::path& file) {
  return parse_tokenizer_json(read_file(file, kLargestTokenizerFile), file.string());
}

}  // namespace linnet
