#include "linnet/tokenizer/tokenizer.h"

#include <algorithm>

#include "linnet/base/error.h"
#include "linnet/base/utf8.h"
#include "linnet/tokenizer/tokenizer_data.h"

namespace linnet {
namespace {

// State of encoding one text.
class Run {
 public:
  Run(const TokenizerData& data, const EncodeOptions& options, Encoding& out)
      : data_(data), options_(options), out_(out) {
    const bool trims = data.postprocessor && data.postprocessor->trims_offsets();
    tokens_ = options.want_tokens || (options.want_offsets && trims);
    const bool needs = data.pretokenizer && data.pretokenizer->needs_origins();
    origins_ = options.want_offsets || needs ? Origins::kTrack : Origins::kIgnore;
  }

  void encode(std::string_view text) {
    check(text.size() < UINT32_MAX / 2, "[encode] a text of {} bytes is too long; split it", text.size());
    budget_ = std::make_shared<TextBudget>(text.size());
    if (!data_.added.any(AddedTokens::Stage::kRaw)) return segment(text, 0);
    for (const AddedTokens::Match& m : data_.added.split(text, AddedTokens::Stage::kRaw, options_.special_text)) {
      const std::string_view part = text.substr(m.span.begin, m.span.end - m.span.begin);
      if (m.id < 0)
        segment(part, m.span.begin);
      else
        push(m.id, part, m.span);
    }
  }

 private:
  // A language code at the beginning of `part` becomes a token; returns its length.
  std::uint32_t leading_code(std::string_view part, std::uint32_t begin) {
    constexpr std::string_view kOpen = ">>", kClose = "<<";
    const std::size_t close = part.starts_with(kOpen) ? part.find(kClose) : part.npos;
    if (close == part.npos) return 0;
    const auto length = static_cast<std::uint32_t>(close + kClose.size());
    const std::int32_t id = data_.find(part.substr(0, length));
    push(id >= 0 ? id : data_.ids.unk.value_or(0), part.substr(0, length), {begin, begin + length});
    return length;
  }

  void segment(std::string_view part, std::uint32_t begin) {
    if (data_.leading_code) {
      const std::uint32_t code = leading_code(part, begin);
      part.remove_prefix(code);
      begin += code;
    }
    AlignedText text(part, begin, origins_, budget_);
    if (options_.letters == LetterCase::kLower) lowercase(text);
    if (data_.normalizer) blame(data_.place, [&] { data_.normalizer->normalize(text); });
    if (text.empty()) return;
    const auto size = static_cast<std::uint32_t>(text.text().size());
    if (!data_.added.any(AddedTokens::Stage::kNormalized)) return pieces(PieceList(std::move(text), {0, size}));
    const auto matches = data_.added.split(text.view(), AddedTokens::Stage::kNormalized, options_.special_text);
    for (const AddedTokens::Match& m : matches) {
      const std::uint32_t length = m.span.end - m.span.begin;
      if (m.id >= 0)
        push(m.id, text.view().substr(m.span.begin, length),
             text.tracked() ? text.origin(m.span.begin, m.span.end) : Span{});
      else if (length == size)
        return pieces(PieceList(std::move(text), {0, size}));
      else
        pieces(PieceList(text.slice(m.span.begin, m.span.end), {0, length}));
    }
  }

  void pieces(PieceList list) {
    if (data_.pretokenizer) blame(data_.place, [&] { data_.pretokenizer->split(list); });
    for (const Span& piece : list.pieces) {
      found_.clear();
      const std::string_view text = list.text.view().substr(piece.begin, piece.end - piece.begin);
      data_.model->tokenize(text, found_);
      for (const ModelToken& t : found_) {
        out_.ids.push_back(t.id);
        if (tokens_) {
          const std::string_view shown = text.substr(t.begin, t.end - t.begin);
          out_.tokens.emplace_back(t.literal ? shown : data_.model->vocabulary().text(t.id).value_or(""));
        }
        if (options_.want_offsets) {
          out_.offsets.push_back(offset(list.text, piece.begin + t.begin, piece.begin + t.end));
          out_.words.push_back(word_);
        }
      }
      ++word_;
    }
  }

  static std::pair<std::int64_t, std::int64_t> offset(const AlignedText& text, std::size_t begin, std::size_t end) {
    end = std::min(end, text.view().size());
    if (begin >= end) return {0, 0};
    const Span span = text.origin(begin, end);
    return {span.begin, span.end};
  }

  void push(std::int32_t id, std::string_view shown, Span span) {
    out_.ids.push_back(id);
    if (tokens_) out_.tokens.emplace_back(shown);
    if (options_.want_offsets) {
      out_.offsets.emplace_back(span.begin, span.end);
      out_.words.push_back(word_);
    }
    ++word_;
  }

  const TokenizerData& data_;
  const EncodeOptions& options_;
  Encoding& out_;
  bool tokens_;
  Origins origins_;
  std::shared_ptr<TextBudget> budget_;
  std::vector<ModelToken> found_;
  std::int32_t word_ = 0;  // number of the next piece
};

void pad(Encoding& e, const Padding& padding) {
  std::int64_t length = padding.length.value_or(static_cast<std::int64_t>(e.size()));
  if (padding.multiple_of > 0 && length % padding.multiple_of > 0)
    length += padding.multiple_of - length % padding.multiple_of;
  const std::int64_t missing = length - static_cast<std::int64_t>(e.size());
  if (missing <= 0) return;
  const auto n = static_cast<std::size_t>(missing);
  const auto put = [&](auto& v, auto value) { v.insert(padding.side == Side::kRight ? v.end() : v.begin(), n, value); };
  if (!e.tokens.empty() || e.ids.empty()) put(e.tokens, padding.token);
  if (!e.offsets.empty() || e.ids.empty()) {
    put(e.offsets, std::pair<std::int64_t, std::int64_t>{0, 0});
    put(e.words, -1);
  }
  put(e.ids, padding.id);
  put(e.type_ids, padding.type_id);
  put(e.attention_mask, 0);
  put(e.special_tokens_mask, 1);
}

Encoding encode_texts(const TokenizerData& data, const std::vector<std::string_view>& raw,
                      const EncodeOptions& options) {
  Parts parts;
  parts.add_special_tokens = options.add_special_tokens;
  std::vector<std::string> repaired(raw.size());
  for (std::size_t i = 0; i < raw.size(); ++i) {
    std::string_view text = raw[i];
    if (!utf8::valid(text)) text = repaired[i] = utf8::replace_invalid(text);
    Encoding e;
    Run(data, options, e).encode(text);
    e.type_ids.assign(e.size(), static_cast<std::int32_t>(i));
    e.attention_mask.assign(e.size(), 1);
    e.special_tokens_mask.assign(e.size(), 0);
    parts.encodings.push_back(std::move(e));
    parts.texts.push_back(text);
  }
  const bool follow = options.file_lengths == FileLengths::kFollow;
  std::optional<Truncation> truncation = options.truncation;
  if (!truncation && follow) truncation = data.file_truncation;
  if (truncation) {
    if (options.add_special_tokens && data.postprocessor)
      truncation->max_length -= data.postprocessor->added(raw.size() == 2);
    truncate_parts(parts.encodings, *truncation);
  }
  if (data.postprocessor) data.postprocessor->process(parts);
  Encoding out = std::move(parts.encodings.at(0));
  for (std::size_t i = 1; i < parts.encodings.size(); ++i) append(out, parts.encodings[i]);
  if (follow && data.file_padding) pad(out, *data.file_padding);
  if (!options.want_tokens) out.tokens.clear();
  if (!options.want_offsets) {
    out.offsets.clear();
    out.words.clear();
  }
  return out;
}

}  // namespace

std::int32_t TokenizerData::find(std::string_view token) const {
  const std::int32_t id = added.find(token);
  return id >= 0 ? id : model->vocabulary().find(token);
}

void TokenizerData::add_token(const AddedToken& token, std::int32_t id) {
  check_token_length(token.content, place);
  AlignedText spelling(token.content, 0, Origins::kIgnore);
  if (token.normalized && normalizer) blame(place, [&] { normalizer->normalize(spelling); });
  added.add(token, id, spelling.text());
}

Tokenizer Tokenizer::from_json(std::string_view text, std::string_view place) {
  return Tokenizer(parse_tokenizer_json(text, place));
}
Tokenizer Tokenizer::from_gguf(const GgufVocabulary& vocabulary, std::string_view place) {
  return Tokenizer(build_gguf_tokenizer(vocabulary, place));
}

Encoding Tokenizer::encode(std::string_view text, const EncodeOptions& options) const {
  return encode_texts(*data_, {text}, options);
}

Encoding Tokenizer::encode(std::string_view first, std::string_view second, const EncodeOptions& options) const {
  return encode_texts(*data_, {first, second}, options);
}

std::vector<std::int32_t> Tokenizer::encode_ids(std::string_view text, const EncodeOptions& options) const {
  EncodeOptions ids_only = options;
  ids_only.want_tokens = false;
  ids_only.want_offsets = false;
  return encode_texts(*data_, {text}, ids_only).ids;
}

std::string Tokenizer::decode(std::span<const std::int32_t> ids, bool skip_special_tokens, DecodedSpaces spaces) const {
  std::vector<std::string> tokens;
  tokens.reserve(ids.size());
  for (const std::int32_t id : ids) {
    std::optional<std::string_view> token = data_->added.decoded(id);
    if (!token) token = data_->model->vocabulary().text(id);
    if (!token || (skip_special_tokens && data_->added.is_special_text(*token))) continue;
    tokens.emplace_back(*token);
  }
  std::string text;
  blame(data_->place, [&] { text = decode_tokens(data_->decoder.get(), std::move(tokens)); });
  const bool cleans = spaces == DecodedSpaces::kAsConfigured && clean_up_tokenization_spaces();
  return cleans ? clean_up_spaces(std::move(text)) : text;
}

std::int64_t Tokenizer::vocab_size() const {
  return std::int64_t{std::max(data_->model->vocabulary().max_id(), data_->added.max_id())} + 1;
}

std::optional<std::int32_t> Tokenizer::token_to_id(std::string_view token) const {
  const std::int32_t id = data_->find(token);
  return id < 0 ? std::nullopt : std::optional(id);
}

std::string Tokenizer::id_to_token(std::int32_t id) const {
  if (const AddedToken* token = data_->added.token(id)) return token->content;
  return std::string(data_->model->vocabulary().text(id).value_or(""));
}

bool Tokenizer::is_special(std::int32_t id) const {
  const AddedToken* token = data_->added.token(id);
  return token != nullptr && data_->added.is_special_text(token->content);
}

std::optional<std::int32_t> Tokenizer::bos_id() const { return data_->ids.bos; }
std::optional<std::int32_t> Tokenizer::eos_id() const { return data_->ids.eos; }
std::optional<std::int32_t> Tokenizer::eot_id() const { return data_->ids.eot; }
std::optional<std::int32_t> Tokenizer::pad_id() const { return data_->ids.pad; }
std::optional<std::int32_t> Tokenizer::unk_id() const { return data_->ids.unk; }
std::optional<std::int32_t> Tokenizer::cls_id() const { return data_->ids.cls; }
std::optional<std::int32_t> Tokenizer::sep_id() const { return data_->ids.sep; }
std::optional<std::int32_t> Tokenizer::mask_id() const { return data_->ids.mask; }
std::optional<std::int64_t> Tokenizer::model_max_length() const { return data_->model_max_length; }
Side Tokenizer::padding_side() const { return data_->padding_side; }
Side Tokenizer::truncation_side() const { return data_->truncation_side; }
bool Tokenizer::clean_up_tokenization_spaces() const { return data_->clean_up_spaces && !data_->is_bpe; }
std::string Tokenizer::chat_template_place() const { return data_->chat_template_place; }

std::optional<std::string> Tokenizer::chat_template(std::string_view name) const {
  const auto found = data_->chat_templates.find(name.empty() ? "default" : std::string(name));
  return found == data_->chat_templates.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace linnet
