#include <algorithm>
#include <cmath>
#include <limits>
#include <protozero/pbf_reader.hpp>

#include "linnet/base/error.h"
#include "linnet/base/file.h"
#include "linnet/base/utf8.h"
#include "linnet/tokenizer/tokenizer_data.h"

namespace linnet {
namespace {

using protozero::pbf_wire_type;

constexpr std::string_view kUnknownShown = " \xE2\x81\x87 ";  // " ⁇ ", SentencePiece's unk_surface

// SentencePiece's decoding: spaces for marks, none at the start, byte pieces to characters.
class SentencePieceDecoder : public TokenDecoder {
 public:
  SentencePieceDecoder(std::string unknown, bool drops_first, bool drops_all)
      : unknown_(std::move(unknown)),
        drops_first_(drops_first),
        drops_all_(drops_all),
        bytes_(make_decoder(Json{{"type", "ByteFallback"}}, "")) {}
  void decode(std::vector<std::string>& tokens, TextBudget& budget) const override {
    bytes_->decode(tokens, budget);
    std::string text;
    bool at_start = drops_first_;
    for (const std::string& token : tokens) {
      if (!unknown_.empty() && token == unknown_) {
        text += kUnknownShown;
        at_start = false;
        continue;
      }
      std::string_view rest = token;
      if (at_start && rest.starts_with(kSpaceMark)) {
        rest.remove_prefix(kSpaceMark.size());
        at_start = drops_all_;
      }
      if (!rest.empty()) at_start = false;
      while (!rest.empty()) {
        const bool mark = rest.starts_with(kSpaceMark);
        if (mark)
          text += ' ';
        else
          text += rest[0];
        rest.remove_prefix(mark ? kSpaceMark.size() : 1);
      }
    }
    tokens = {std::move(text)};
  }

 private:
  std::string unknown_;
  bool drops_first_, drops_all_;
  DecoderPtr bytes_;
};

constexpr std::uint32_t at(std::uint32_t tag, pbf_wire_type type) { return protozero::tag_and_type(tag, type); }

struct Reading {
  PieceVocabulary out;
  Vocabulary seen;  // to detect duplicate pieces
  std::optional<std::int32_t> unk, bos, eos, pad;
};

bool is_byte_piece(std::string_view text) {
  const auto hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F'); };
  return text.size() == 6 && text.starts_with("<0x") && hex(text[3]) && hex(text[4]) && text[5] == '>';
}

void read_piece(protozero::pbf_reader message, Reading& r, std::string_view place) {
  std::string text;
  float score = 0;
  std::int32_t kind = 1;
  while (message.next()) {
    switch (message.tag_and_type()) {
      case at(1, pbf_wire_type::length_delimited):
        text = message.get_string();
        break;
      case at(2, pbf_wire_type::fixed32):
        score = message.get_float();
        break;
      case at(3, pbf_wire_type::varint):
        kind = message.get_enum();
        break;
      default:
        message.skip();
    }
  }
  const std::size_t number = r.out.pieces.texts.size();
  check(!text.empty(), ErrorKind::kBadInput, "{}: piece {} is empty; the file is damaged", place, number);
  check(utf8::valid(text), ErrorKind::kBadInput, "{}: piece {} is not UTF-8: '{}'; the file is damaged", place, number,
        printable(text, 60));
  check(std::isfinite(score), ErrorKind::kBadInput, "{}: piece {} ('{}') has the score {}; the file is damaged", place,
        number, printable(text, 60), score);
  check(kind >= 1 && kind <= 6, ErrorKind::kBadInput,
        "{}: piece {} ('{}') has the unknown type {}; the file is damaged", place, number, printable(text, 60), kind);
  check(r.seen.add(text, static_cast<std::int32_t>(number)), ErrorKind::kBadInput,
        "{}: piece '{}' is there twice; the file is damaged", place, printable(text, 60));
  r.out.pieces.texts.push_back(std::move(text));
  r.out.pieces.scores.push_back(score);
  r.out.pieces.kinds.push_back(static_cast<PieceKind>(kind));
}

void read_trainer(protozero::pbf_reader message, Reading& r, std::string_view place) {
  while (message.next()) {
    switch (message.tag_and_type()) {
      case at(3, pbf_wire_type::varint): {
        const std::int32_t type = message.get_enum();
        check(type == 1 || type == 2, ErrorKind::kBadInput,
              "{}: model type {} is not supported; 1, unigram, and 2, BPE, are", place, type);
        r.out.kind = type == 1 ? PieceVocabulary::Kind::kUnigram : PieceVocabulary::Kind::kBpe;
        break;
      }
      case at(24, pbf_wire_type::varint):
        check(!message.get_bool(), ErrorKind::kBadInput,
              "{}: treat_whitespace_as_suffix is not supported; train the pieces without it", place);
        break;
      case at(35, pbf_wire_type::varint):
        r.out.pieces.byte_fallback = message.get_bool();
        break;
      case at(40, pbf_wire_type::varint):
        r.unk = message.get_int32();
        break;
      case at(41, pbf_wire_type::varint):
        r.bos = message.get_int32();
        break;
      case at(42, pbf_wire_type::varint):
        r.eos = message.get_int32();
        break;
      case at(43, pbf_wire_type::varint):
        r.pad = message.get_int32();
        break;
      default:
        message.skip();
    }
  }
}

void read_normalizer(protozero::pbf_reader message, SentencePieceOptions& options) {
  while (message.next()) {
    switch (message.tag_and_type()) {
      case at(2, pbf_wire_type::length_delimited):
        options.charsmap = message.get_string();
        break;
      case at(3, pbf_wire_type::varint):
        options.add_dummy_prefix = message.get_bool();
        break;
      case at(4, pbf_wire_type::varint):
        options.remove_extra_whitespaces = message.get_bool();
        break;
      case at(5, pbf_wire_type::varint):
        options.escape_whitespaces = message.get_bool();
        break;
      default:
        message.skip();
    }
  }
}

Reading read_model(std::string_view bytes, std::string_view place) {
  Reading r;
  try {
    protozero::pbf_reader message(bytes.data(), bytes.size());
    while (message.next()) {
      switch (message.tag_and_type()) {
        case at(1, pbf_wire_type::length_delimited):
          read_piece(message.get_message(), r, place);
          break;
        case at(2, pbf_wire_type::length_delimited):
          read_trainer(message.get_message(), r, place);
          break;
        case at(3, pbf_wire_type::length_delimited):
          read_normalizer(message.get_message(), r.out.normalizer);
          break;
        default:
          message.skip();
      }
    }
  } catch (const protozero::exception& error) {
    fail(ErrorKind::kBadInput, "{}: not a SentencePiece model: {}; the file is damaged or of another kind", place,
         error.what());
  }
  r.seen = {};
  check(!r.out.pieces.texts.empty(), ErrorKind::kBadInput,
        "{}: not a SentencePiece model: it has no pieces; the file is damaged or of another kind", place);
  return r;
}

// User-defined pieces take precedence over every split of their text (SentencePiece, unigram_model.cc).
void favour_user_defined(ScoredPieces& pieces) {
  double highest = -std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < pieces.texts.size(); ++i)
    if (pieces.kinds[i] == PieceKind::kNormal) highest = std::max(highest, pieces.scores[i]);
  for (std::size_t i = 0; i < pieces.texts.size(); ++i)
    if (pieces.kinds[i] == PieceKind::kUserDefined)
      pieces.scores[i] = static_cast<double>(pieces.texts[i].size()) * (std::isfinite(highest) ? highest : 0) - 0.1;
}

void check_byte_pieces(const ScoredPieces& pieces, std::string_view place) {
  for (std::size_t i = 0; i < pieces.kinds.size(); ++i)
    check(pieces.kinds[i] != PieceKind::kByte || is_byte_piece(pieces.texts[i]), ErrorKind::kBadInput,
          "{}: byte piece {} is '{}', not <0xNN>; the file is damaged", place, i, printable(pieces.texts[i], 60));
}

}  // namespace

void install_pieces(TokenizerData& data, PieceVocabulary vocabulary) {
  ScoredPieces& pieces = vocabulary.pieces;
  const SentencePieceOptions& rules = vocabulary.normalizer;
  std::string unknown;
  if (pieces.unk >= 0) {
    check(pieces.unk < static_cast<std::int64_t>(pieces.texts.size()), ErrorKind::kBadInput,
          "{}: the unknown token's id is {}, there are {} tokens; get the file again", data.place, pieces.unk,
          pieces.texts.size());
    unknown = pieces.texts[static_cast<std::size_t>(pieces.unk)];
    data.ids.unk = pieces.unk;
  }
  check_byte_pieces(pieces, data.place);
  data.decoder = std::make_unique<SentencePieceDecoder>(
      unknown, rules.add_dummy_prefix || rules.remove_extra_whitespaces, rules.remove_extra_whitespaces);
  data.normalizer = sentencepiece_normalizer(rules, data.place);
  for (std::size_t i = 0; i < pieces.kinds.size(); ++i)
    if (pieces.kinds[i] == PieceKind::kControl)
      data.add_token({.content = pieces.texts[i], .special = true}, static_cast<std::int32_t>(i));
  data.model = vocabulary.kind == PieceVocabulary::Kind::kUnigram ? make_unigram(std::move(pieces), data.place)
                                                                  : make_scored_bpe(std::move(pieces), data.place);
}

PieceVocabulary parse_pieces(std::string_view bytes, std::string_view place) {
  PieceVocabulary vocabulary = read_model(bytes, place).out;
  check_byte_pieces(vocabulary.pieces, place);
  return vocabulary;
}

TokenizerDataPtr parse_sentencepiece_model(std::string_view bytes, std::string_view place) {
  Reading r = read_model(bytes, place);
  auto data = std::make_shared<TokenizerData>();
  data->place = place;
  ScoredPieces& pieces = r.out.pieces;
  pieces.float_sums = true;
  for (std::size_t i = 0; i < pieces.texts.size(); ++i) {
    if (pieces.kinds[i] == PieceKind::kUnknown) {
      check(pieces.unk < 0, ErrorKind::kBadInput,
            "{}: pieces {} and {} both stand for unknown text; the file is damaged", place, pieces.unk, i);
      pieces.unk = static_cast<std::int32_t>(i);
    }
    if (pieces.kinds[i] == PieceKind::kUserDefined) r.out.normalizer.untouched.push_back(pieces.texts[i]);
  }
  check(pieces.unk >= 0, ErrorKind::kBadInput, "{}: no piece stands for unknown text; the file is damaged", place);
  const std::pair<const char*, std::optional<std::int32_t>> ids[] = {
      {"unk_id", r.unk}, {"bos_id", r.bos}, {"eos_id", r.eos}, {"pad_id", r.pad}};
  for (const auto& [name, id] : ids)  // -1: none
    check(!id || (*id >= -1 && *id < static_cast<std::int64_t>(pieces.texts.size())), ErrorKind::kBadInput,
          "{}: {} is {}, there are {} pieces; the file is damaged", place, name, id.value_or(0), pieces.texts.size());
  if (r.out.kind == PieceVocabulary::Kind::kUnigram) favour_user_defined(pieces);
  const auto known = [&](std::optional<std::int32_t> id, std::int32_t otherwise) -> std::optional<std::int32_t> {
    const std::int32_t value = id.value_or(otherwise);
    if (value < 0 || value >= static_cast<std::int64_t>(pieces.texts.size())) return std::nullopt;
    return pieces.kinds[static_cast<std::size_t>(value)] == PieceKind::kControl ? std::optional(value) : std::nullopt;
  };
  data->ids.bos = known(r.bos, 1);
  data->ids.eos = known(r.eos, 2);
  data->ids.pad = known(r.pad, -1);
  install_pieces(*data, std::move(r.out));
  return data;
}

TokenizerDataPtr read_sentencepiece_model(const std::filesystem::path& file) {
  return parse_sentencepiece_model(read_file(file, kLargestTokenizerFile), file.string());
}

}  // namespace linnet
