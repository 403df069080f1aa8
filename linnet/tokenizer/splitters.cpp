#include "linnet/tokenizer/splitters.h"

#include <array>

#include "linnet/tokenizer/char_class.h"

namespace linnet {

const char* const kGpt2Pattern = R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
const char* const kLlama3Pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
const char* const kQwen2Pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
const char* const kBloomPattern = " ?[^(\\s|[.,!?…。，、।۔،])]+";

namespace {

enum class Kind : std::uint8_t { kOther, kLetter, kNumber, kBlank };

Kind slow_kind(std::uint32_t code) {
  if (letters().contains(code)) return Kind::kLetter;
  if (numbers().contains(code)) return Kind::kNumber;
  return white_space().contains(code) ? Kind::kBlank : Kind::kOther;
}

// Kinds of the first 64 K characters, one byte each, computed on first use.
const std::vector<Kind>& kinds() {
  static const std::vector<Kind> table = [] {
    std::vector<Kind> all(0x10000);
    for (std::uint32_t c = 0; c < all.size(); ++c) all[c] = slow_kind(c);
    return all;
  }();
  return table;
}

// A position in the text with the kind of its character.
class Cursor {
 public:
  Cursor(std::string_view text, std::size_t at) : text_(text), table_(kinds().data()) { move(at); }
  bool done() const { return at_ >= text_.size(); }
  std::size_t at() const { return at_; }
  Kind kind() const { return kind_; }
  char byte() const { return text_[at_]; }
  bool line_end() const { return !done() && (byte() == '\r' || byte() == '\n'); }
  bool is(Kind kind) const { return !done() && kind_ == kind; }
  void next() { move(at_ + length_); }
  void skip(Kind kind) {
    while (is(kind)) next();
  }
  void move(std::size_t at) {
    at_ = at;
    if (at >= text_.size()) return;
    const auto byte = static_cast<unsigned char>(text_[at]);
    if (byte < 0x80) {
      length_ = 1;
      kind_ = table_[byte];
      return;
    }
    const utf8::Character c = utf8::decode(text_.substr(at));
    length_ = c.length;
    kind_ = c.code < 0x10000 ? table_[c.code] : slow_kind(c.code);
  }

 private:
  std::string_view text_;
  const Kind* table_;
  std::size_t at_ = 0, length_ = 1;
  Kind kind_ = Kind::kOther;
};

void push(std::vector<Span>& out, std::size_t begin, std::size_t end) {
  out.push_back({static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end)});
}

enum class Case : std::uint8_t { kExact, kAny };

// Length of the contraction after the apostrophe at text[0], or 0.
std::size_t contraction(std::string_view text, Case match) {
  const auto letter = [&](std::size_t i) -> char {
    if (i >= text.size()) return 0;
    if (match == Case::kAny && text[i] >= 'A' && text[i] <= 'Z') return static_cast<char>(text[i] + 32);
    return text[i];
  };
  // U+017F, the long s, matches s if case is ignored.
  if (match == Case::kAny && text.substr(1).starts_with("\xC5\xBF")) return 3;
  const char a = letter(1), b = letter(2);
  if (a == 's' || a == 't' || a == 'm' || a == 'd') return 2;
  if ((a == 'r' && b == 'e') || (a == 'v' && b == 'e') || (a == 'l' && b == 'l')) return 3;
  return 0;
}

// \s+(?!\S)|\s+ from a blank on: a run before other text leaves its last blank to it.
std::size_t blanks(Cursor cursor) {
  const std::size_t begin = cursor.at();
  std::size_t last = begin;
  while (cursor.is(Kind::kBlank)) {
    last = cursor.at();
    cursor.next();
  }
  return cursor.done() || last == begin ? cursor.at() : last;
}

void split_cased(std::string_view text, std::size_t digits, std::vector<Span>& out) {
  for (Cursor cursor(text, 0); !cursor.done();) {
    const std::size_t begin = cursor.at();
    if (cursor.byte() == '\'')
      if (const std::size_t length = contraction(text.substr(begin), Case::kAny); length > 0) {
        push(out, begin, begin + length);
        cursor.move(begin + length);
        continue;
      }
    // [^\r\n\p{L}\p{N}]?\p{L}+
    Cursor ahead = cursor;
    if (!cursor.is(Kind::kLetter) && !cursor.is(Kind::kNumber) && !cursor.line_end()) ahead.next();
    if (ahead.is(Kind::kLetter)) {
      ahead.skip(Kind::kLetter);
      push(out, begin, ahead.at());
      cursor = ahead;
      continue;
    }
    if (cursor.is(Kind::kNumber)) {
      for (std::size_t i = 0; i < digits && cursor.is(Kind::kNumber); ++i) cursor.next();
      push(out, begin, cursor.at());
      continue;
    }
    // ' ?[^\s\p{L}\p{N}]+[\r\n]*'
    ahead = cursor;
    if (cursor.byte() == ' ') ahead.next();
    if (ahead.is(Kind::kOther)) {
      ahead.skip(Kind::kOther);
      while (ahead.line_end()) ahead.next();
      push(out, begin, ahead.at());
      cursor = ahead;
      continue;
    }
    // \s*[\r\n]+: up to the last line end in the run of spaces.
    std::size_t line = 0;
    for (ahead = cursor; ahead.is(Kind::kBlank);) {
      const bool ends = ahead.line_end();
      ahead.next();
      if (ends) line = ahead.at();
    }
    cursor.move(line > 0 ? line : blanks(cursor));
    push(out, begin, cursor.at());
  }
}

bool bloom_stop(std::string_view text, std::size_t at, Kind kind) {
  if (kind == Kind::kBlank) return true;
  switch (static_cast<unsigned char>(text[at])) {
    case '(':
    case '|':
    case '.':
    case ',':
    case '!':
    case '?':
    case ')':
      return true;
    default:
      break;
  }
  if (static_cast<unsigned char>(text[at]) < 0x80) return false;
  constexpr std::array<std::uint32_t, 7> kStops{0x2026, 0x3002, 0xFF0C, 0x3001, 0x0964, 0x06D4, 0x060C};
  const std::uint32_t code = utf8::decode(text.substr(at)).code;
  for (const std::uint32_t stop : kStops)
    if (code == stop) return true;
  return false;
}

}  // namespace

void split_gpt2(std::string_view text, std::vector<Span>& out) {
  for (Cursor cursor(text, 0); !cursor.done();) {
    const std::size_t begin = cursor.at();
    if (cursor.byte() == '\'')
      if (const std::size_t length = contraction(text.substr(begin), Case::kExact); length > 0) {
        push(out, begin, begin + length);
        cursor.move(begin + length);
        continue;
      }
    Cursor ahead = cursor;
    if (cursor.byte() == ' ') ahead.next();
    if (!ahead.done() && !ahead.is(Kind::kBlank)) {
      ahead.skip(ahead.kind());
      cursor = ahead;
    } else {
      cursor.move(blanks(cursor));
    }
    push(out, begin, cursor.at());
  }
}

void split_llama3(std::string_view text, std::vector<Span>& out) { split_cased(text, 3, out); }
void split_qwen2(std::string_view text, std::vector<Span>& out) { split_cased(text, 1, out); }

void split_bloom(std::string_view text, std::vector<Span>& out) {
  for (Cursor cursor(text, 0); !cursor.done();) {
    const std::size_t begin = cursor.at();
    if (cursor.byte() == ' ') cursor.next();
    const std::size_t word = cursor.at();
    while (!cursor.done() && !bloom_stop(text, cursor.at(), cursor.kind())) cursor.next();
    if (cursor.at() > word)
      push(out, begin, cursor.at());
    else if (word == begin)
      cursor.next();
  }
}

Splitter known_splitter(std::string_view pattern) {
  if (pattern == kGpt2Pattern) return split_gpt2;
  if (pattern == kLlama3Pattern) return split_llama3;
  if (pattern == kQwen2Pattern) return split_qwen2;
  if (pattern == kBloomPattern) return split_bloom;
  return nullptr;
}

}  // namespace linnet
