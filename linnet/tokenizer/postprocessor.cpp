#include "linnet/tokenizer/postprocessor.h"

#include <algorithm>

#include "linnet/base/error.h"
#include "linnet/base/utf8.h"
#include "linnet/tokenizer/char_class.h"

namespace linnet {
namespace {

constexpr std::uint32_t kSpelledBlank = 0x120;  // byte_to_code(' ')

bool blank(std::uint32_t code) { return code == kSpelledBlank || white_space().contains(code); }

// Spaces at both ends of a token, in characters.
struct Edges {
  std::int64_t leading = 0, trailing = 0;
};
Edges edges(std::string_view token) {
  Edges e;
  bool leading = true;
  while (!token.empty()) {
    const utf8::Character c = utf8::decode(token);
    token.remove_prefix(c.length);
    const bool is_blank = blank(c.code);
    leading = leading && is_blank;
    if (leading) ++e.leading;
    e.trailing = is_blank ? e.trailing + 1 : 0;
  }
  return e;
}

bool inside_character(std::string_view text, std::int64_t at) {
  return at > 0 && at < static_cast<std::int64_t>(text.size()) &&
         (static_cast<unsigned char>(text[static_cast<std::size_t>(at)]) & 0xC0) == 0x80;
}

// Removes spaces from offsets of byte-level tokens. Steps are characters, since a space is a character of the text.
void trim_offsets(Encoding& encoding, std::string_view text, bool prefix_space) {
  for (std::size_t i = 0; i < encoding.offsets.size(); ++i) {
    Edges e = edges(encoding.tokens[i]);
    auto& [begin, end] = encoding.offsets[i];
    if (e.leading > 0) {
      if ((i == 0 || begin == 0) && prefix_space && e.leading == 1) e.leading = 0;
      for (; e.leading > 0 && begin < end; --e.leading) do
          ++begin;
        while (inside_character(text, begin));
    }
    for (; e.trailing > 0 && end > begin; --e.trailing) do
        --end;
      while (inside_character(text, end));
  }
}

class ByteLevel : public PostProcessor {
 public:
  ByteLevel(bool trim, bool prefix_space) : trim_(trim), prefix_space_(prefix_space) {}
  void process(Parts& parts) const override {
    for (std::size_t i = 0; trim_ && i < parts.encodings.size(); ++i)
      trim_offsets(parts.encodings[i], parts.texts[std::min(i, parts.texts.size() - 1)], prefix_space_);
  }
  std::int64_t added(bool) const override { return 0; }
  bool trims_offsets() const override { return trim_; }

 private:
  bool trim_, prefix_space_;
};

class Template : public PostProcessor {
 public:
  Template(std::vector<TemplatePiece> single, std::vector<TemplatePiece> pair)
      : single_(std::move(single)), pair_(std::move(pair)) {}
  void process(Parts& parts) const override {
    const std::vector<TemplatePiece>& pieces = parts.encodings.size() == 2 ? pair_ : single_;
    std::vector<Encoding> out;
    for (const TemplatePiece& piece : pieces) {
      if (piece.what == TemplatePiece::What::kToken) {
        if (parts.add_special_tokens) out.push_back(special(piece));
        continue;
      }
      const std::size_t i = piece.what == TemplatePiece::What::kFirst ? 0 : 1;
      check(i < parts.encodings.size(), "[encode] the tokenizer's template needs a second text");
      Encoding e = parts.encodings[i];
      e.type_ids.assign(e.ids.size(), piece.type_id);
      out.push_back(std::move(e));
    }
    parts.encodings = std::move(out);
  }
  std::int64_t added(bool pair) const override {
    std::int64_t count = 0;
    for (const TemplatePiece& piece : pair ? pair_ : single_) count += static_cast<std::int64_t>(piece.ids.size());
    return count;
  }

 private:
  static Encoding special(const TemplatePiece& piece) {
    const std::size_t n = piece.ids.size();
    Encoding e;
    e.ids = piece.ids;
    e.tokens = piece.tokens;
    e.offsets.assign(n, {0, 0});
    e.words.assign(n, -1);
    e.type_ids.assign(n, piece.type_id);
    e.attention_mask.assign(n, 1);
    e.special_tokens_mask.assign(n, 1);
    return e;
  }
  std::vector<TemplatePiece> single_, pair_;
};

// RoBERTa: <s> A </s> </s> B </s>, all of type 0, and trimmed offsets.
class Roberta : public PostProcessor {
 public:
  Roberta(const TemplatePiece& cls, const TemplatePiece& sep, bool trim, bool prefix_space)
      : trim_(trim, prefix_space),
        template_({cls, {}, sep}, {cls, {}, sep, sep, {TemplatePiece::What::kSecond, 0, {}, {}}, sep}) {}
  void process(Parts& parts) const override {
    trim_.process(parts);
    for (Encoding& e : parts.encodings) std::ranges::fill(e.type_ids, 0);
    if (parts.add_special_tokens) template_.process(parts);
  }
  std::int64_t added(bool pair) const override { return template_.added(pair); }
  bool trims_offsets() const override { return trim_.trims_offsets(); }

 private:
  ByteLevel trim_;
  Template template_;
};

// BERT: [CLS] A [SEP] B [SEP]; without special tokens the type ids do not change.
class Bert : public PostProcessor {
 public:
  Bert(const TemplatePiece& cls, const TemplatePiece& sep)
      : template_({cls, {}, sep}, {cls, {}, sep, {TemplatePiece::What::kSecond, 1, {}, {}}, second(sep)}) {}
  void process(Parts& parts) const override {
    if (parts.add_special_tokens) template_.process(parts);
  }
  std::int64_t added(bool pair) const override { return template_.added(pair); }

 private:
  static TemplatePiece second(TemplatePiece sep) {
    sep.type_id = 1;
    return sep;
  }
  Template template_;
};

class Sequence : public PostProcessor {
 public:
  explicit Sequence(std::vector<PostProcessorPtr> steps) : steps_(std::move(steps)) {}
  void process(Parts& parts) const override {
    for (const PostProcessorPtr& step : steps_) step->process(parts);
  }
  std::int64_t added(bool pair) const override {
    std::int64_t count = 0;
    for (const PostProcessorPtr& step : steps_) count += step->added(pair);
    return count;
  }
  bool trims_offsets() const override {
    return std::ranges::any_of(steps_, [](const PostProcessorPtr& p) { return p->trims_offsets(); });
  }

 private:
  std::vector<PostProcessorPtr> steps_;
};

std::int32_t id_of(const Json& json, std::string_view key, std::string_view place) {
  const std::int64_t id = get_integer(json, key, place);
  check(id >= 0 && id <= INT32_MAX, ErrorKind::kBadInput,
        "{}: '{}' is {}, not a token id; correct the file, or get it again", place, key, id);
  return static_cast<std::int32_t>(id);
}

// ["[SEP]", 102]
TemplatePiece named_token(const Json& json, const char* key, std::string_view place) {
  const Json& pair = require(json, key, place);
  check(pair.is_array() && pair.size() == 2, ErrorKind::kBadInput,
        "{}: post_processor: '{}' is not [token, id]; correct the file, or get it again", place, key);
  return {TemplatePiece::What::kToken, 0, {id_of(pair[1], key, place)}, {get_string(pair[0], key, place)}};
}

TemplatePiece template_piece(const Json& json, const Json& specials, std::string_view place) {
  TemplatePiece piece;
  check(json.is_object() && json.size() == 1, ErrorKind::kBadInput,
        "{}: a piece of the template is not an object with one key; correct the file, or get it again", place);
  const std::string kind = json.begin().key();
  const Json& body = json.begin().value();
  const std::string id = get_string(require(body, "id", place), "id", place);
  piece.type_id = body.contains("type_id") ? id_of(body["type_id"], "type_id", place) : 0;
  if (kind == "Sequence") {
    check(id == "A" || id == "B", ErrorKind::kBadInput,
          "{}: the template names a text '{}'; correct the file, or get it again", place, printable(id));
    piece.what = id == "A" ? TemplatePiece::What::kFirst : TemplatePiece::What::kSecond;
    return piece;
  }
  check(kind == "SpecialToken", ErrorKind::kBadInput,
        "{}: the template has a piece '{}'; correct the file, or get it again", place, printable(kind));
  check(specials.is_object() && specials.contains(id), ErrorKind::kBadInput,
        "{}: the template uses '{}', which its special_tokens lack; correct the file, or get it again", place,
        printable(id));
  piece.what = TemplatePiece::What::kToken;
  const Json& token = specials[id];
  const Json& ids = require(token, "ids", place);
  const Json& tokens = require(token, "tokens", place);
  check(ids.is_array() && tokens.is_array() && ids.size() == tokens.size(), ErrorKind::kBadInput,
        "{}: special token '{}' has lists of unequal length; correct the file, or get it again", place, printable(id));
  for (const Json& i : ids) piece.ids.push_back(id_of(i, "ids", place));
  for (const Json& t : tokens) piece.tokens.push_back(get_string(t, "tokens", place));
  return piece;
}

constexpr std::int64_t kMostTexts = 16;  // limit for a template: each text is a copy of the tokens

PostProcessorPtr make_template(const Json& json, std::string_view place) {
  const auto read = [&](const char* key) {
    const Json& list = require(json, key, place);
    check(list.is_array(), ErrorKind::kBadInput,
          "{}: post_processor: '{}' is not a list; correct the file, or get it again", place, key);
    const Json none;
    std::vector<TemplatePiece> pieces;
    for (const Json& piece : list)
      pieces.push_back(template_piece(piece, json.contains("special_tokens") ? json["special_tokens"] : none, place));
    const auto texts = std::ranges::count_if(
        pieces, [](const TemplatePiece& piece) { return piece.what != TemplatePiece::What::kToken; });
    check(texts <= kMostTexts, ErrorKind::kBadInput,
          "{}: post_processor: '{}' repeats its texts {} times, the most is {}; correct the file, or get it again",
          place, key, texts, kMostTexts);
    return pieces;
  };
  auto single = read("single");
  for (const TemplatePiece& piece : single)
    check(piece.what != TemplatePiece::What::kSecond, ErrorKind::kBadInput,
          "{}: the template for one text uses text B; correct the file, or get it again", place);
  return std::make_unique<Template>(std::move(single), read("pair"));
}

template <class Vector>
void extend(Vector& to, const Vector& more) {
  to.insert(to.end(), more.begin(), more.end());
}

template <class Vector>
void cut(Vector& v, std::size_t keep, Side side) {
  if (v.size() <= keep) return;
  if (side == Side::kRight)
    v.resize(keep);
  else
    v.erase(v.begin(), v.end() - static_cast<std::ptrdiff_t>(keep));
}

}  // namespace

void append(Encoding& to, const Encoding& more) {
  extend(to.ids, more.ids);
  extend(to.tokens, more.tokens);
  extend(to.offsets, more.offsets);
  extend(to.type_ids, more.type_ids);
  extend(to.attention_mask, more.attention_mask);
  extend(to.special_tokens_mask, more.special_tokens_mask);
  extend(to.words, more.words);
}

void truncate(Encoding& e, std::int64_t length, Side side) {
  const auto keep = static_cast<std::size_t>(std::max<std::int64_t>(length, 0));
  cut(e.ids, keep, side);
  cut(e.tokens, keep, side);
  cut(e.offsets, keep, side);
  cut(e.type_ids, keep, side);
  cut(e.attention_mask, keep, side);
  cut(e.special_tokens_mask, keep, side);
  cut(e.words, keep, side);
}

void truncate_parts(std::vector<Encoding>& encodings, const Truncation& t) {
  const auto size = [&](std::size_t i) {
    return i < encodings.size() ? static_cast<std::int64_t>(encodings[i].size()) : 0;
  };
  const std::int64_t total = size(0) + size(1), limit = std::max<std::int64_t>(t.max_length, 0);
  if (total <= limit) return;
  if (t.strategy == TruncationStrategy::kLongestFirst) {
    if (encodings.size() < 2) return truncate(encodings[0], limit, t.side);
    const bool swapped = size(0) > size(1);
    std::int64_t shorter = std::min(size(0), size(1));
    std::int64_t longer = shorter > limit ? shorter : std::max(shorter, limit - shorter);
    if (shorter + longer > limit) {
      shorter = limit / 2;
      longer = shorter + limit % 2;
    }
    truncate(encodings[0], swapped ? longer : shorter, t.side);
    truncate(encodings[1], swapped ? shorter : longer, t.side);
    return;
  }
  const std::size_t which = t.strategy == TruncationStrategy::kOnlyFirst ? 0 : 1;
  check(which < encodings.size(), "[encode] truncation of the second text alone, but there is no second text");
  check(limit == 0 || size(which) > total - limit, "[encode] the text is too short to be cut to {} tokens in all",
        limit);
  truncate(encodings[which], size(which) - (total - limit), t.side);
}

PostProcessorPtr template_processor(std::vector<TemplatePiece> single, std::vector<TemplatePiece> pair) {
  return std::make_unique<Template>(std::move(single), std::move(pair));
}

PostProcessorPtr make_postprocessor(const Json& json, std::string_view place) {
  if (json.is_null()) return nullptr;
  const std::string type = get_string(require(json, "type", place), "type", place);
  if (type == "TemplateProcessing") return make_template(json, place);
  if (type == "ByteLevel")
    return std::make_unique<ByteLevel>(get_flag(json, "trim_offsets", true, place),
                                       get_flag(json, "add_prefix_space", true, place));
  if (type == "BertProcessing")
    return std::make_unique<Bert>(named_token(json, "cls", place), named_token(json, "sep", place));
  if (type == "RobertaProcessing")
    return std::make_unique<Roberta>(named_token(json, "cls", place), named_token(json, "sep", place),
                                     get_flag(json, "trim_offsets", true, place),
                                     get_flag(json, "add_prefix_space", true, place));
  if (type == "Sequence") {
    const Json& list = require(json, "processors", place);
    check(list.is_array(), ErrorKind::kBadInput, "{}: 'processors' is not a list; correct the file, or get it again",
          place);
    std::vector<PostProcessorPtr> steps;
    for (const Json& step : list)
      if (PostProcessorPtr made = make_postprocessor(step, place)) steps.push_back(std::move(made));
    return std::make_unique<Sequence>(std::move(steps));
  }
  fail(ErrorKind::kBadInput, "{}: post_processor '{}' is not known; correct the file, or get it again", place,
       printable(type));
}

}  // namespace linnet
