#include "linnet/jinja/lexer.h"

#include <algorithm>

#include "linnet/base/error.h"
#include "linnet/base/utf8.h"
#include "linnet/jinja/value.h"

namespace linnet::jinja {
namespace {

bool digit(char c) { return c >= '0' && c <= '9'; }
bool name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}
bool blank(char c) { return c == ' ' || (c >= 9 && c <= 13); }

class Lexer {
 public:
  Lexer(std::string_view source, std::string_view place) : source_(source), place_(place) {}

  std::vector<Token> run() {
    while (at_ < source_.size()) data();
    add(TokenKind::kEnd, {});
    return std::move(tokens_);
  }

 private:
  [[noreturn]] void fail_here(std::string_view what) const {
    fail(ErrorKind::kBadInput, "{}:{}: {}; correct the template", place_, line_, what);
  }
  std::string_view rest() const { return source_.substr(at_); }
  void add(TokenKind kind, std::string_view text) { tokens_.push_back({kind, text, line_}); }
  void advance(std::size_t count) {
    const auto piece = source_.substr(at_, count);
    line_ += static_cast<int>(std::count(piece.begin(), piece.end(), '\n'));
    at_ += count;
  }
  void skip_space() {
    while (at_ < source_.size()) {
      const auto c = utf8::decode(rest());
      if (!is_space(c.code)) break;
      advance(c.length);
    }
  }
  // The next "{{", "{%" or "{#", or the end.
  std::size_t next_tag(std::size_t from) const {
    for (std::size_t i = from; (i = source_.find('{', i)) != source_.npos; ++i)
      if (i + 1 < source_.size() && (source_[i + 1] == '{' || source_[i + 1] == '%' || source_[i + 1] == '#')) return i;
    return source_.size();
  }

  // Strips `text` before a tag: `sign` is the tag's, `variable` is true for "{{".
  std::string_view stripped(std::string_view text, char sign, bool variable) const {
    if (sign == '-') return text.substr(0, strip(text, false, true).size());
    if (sign == '+' || variable) return text;
    const auto line_start = text.rfind('\n') + 1;  // npos + 1 is 0
    if (line_start == 0 && !line_starting_) return text;
    const bool only_space = strip(text.substr(line_start), false, true).empty();
    return only_space ? text.substr(0, line_start) : text;
  }

  // Reads text up to the next tag, and the tag.
  void data() {
    const std::size_t tag = next_tag(at_);
    const std::string_view text = source_.substr(at_, tag - at_);
    if (tag == source_.size()) {
      add(TokenKind::kData, text);
      at_ = tag;
      return;
    }
    const char kind = source_[tag + 1];
    const char after = tag + 2 < source_.size() ? source_[tag + 2] : '\0';
    const char sign = after == '-' || after == '+' ? after : '\0';
    if (const auto kept = stripped(text, sign, kind == '{'); !kept.empty()) add(TokenKind::kData, kept);
    advance(text.size() + 2 + (sign ? 1 : 0));
    if (kind == '#') return comment();
    if (kind == '%' && raw()) return;
    add(kind == '{' ? TokenKind::kVariableBegin : TokenKind::kBlockBegin, source_.substr(tag, 2));
    inside(kind == '{' ? "}}" : "%}");
  }

  // Skips white space after an end mark ("%}" or "#}", after its sign).
  void close(char sign, bool trims) {
    const std::size_t from = at_;
    if (sign == '-') {
      skip_space();
    } else if (trims && sign != '+' && at_ < source_.size() && source_[at_] == '\n') {
      advance(1);
    }
    line_starting_ = at_ > from && source_[at_ - 1] == '\n';
  }

  void comment() {
    const std::size_t end = source_.find("#}", at_);
    if (end == source_.npos) fail_here("a comment '{#' is not closed by '#}'");
    const char before = end > at_ ? source_[end - 1] : '\0';
    advance(end + 2 - at_);
    close(before == '-' || before == '+' ? before : '\0', true);
  }

  // Reads "{% raw %}…{% endraw %}"; returns false if the tag is another.
  bool raw() {
    const auto [body, sign, plus] = word_tag(at_, "raw");
    if (body == source_.npos || plus) return false;
    advance(body - at_);
    close(sign, false);
    for (std::size_t i = at_; (i = source_.find("{%", i)) != source_.npos; ++i) {
      std::size_t inner = i + 2;
      const char open = inner < source_.size() ? source_[inner] : '\0';
      const char open_sign = open == '-' || open == '+' ? open : '\0';
      if (open_sign) ++inner;
      const auto [after, close_sign, unused] = word_tag(inner, "endraw");
      if (after == source_.npos) continue;
      if (const auto kept = stripped(source_.substr(at_, i - at_), open_sign, false); !kept.empty())
        add(TokenKind::kData, kept);
      advance(after - at_);
      close(close_sign, true);
      return true;
    }
    fail_here("'{% raw %}' is not closed by '{% endraw %}'");
  }

  struct WordTag {
    std::size_t after;  // npos: another word
    char sign;
    bool plus;
  };
  // Matches `word` and "%}" at `from`.
  WordTag word_tag(std::size_t from, std::string_view word) const {
    while (from < source_.size() && blank(source_[from])) ++from;
    if (source_.substr(from, word.size()) != word) return {source_.npos, 0, false};
    from += word.size();
    while (from < source_.size() && blank(source_[from])) ++from;
    const char c = from < source_.size() ? source_[from] : '\0';
    const char sign = c == '-' || c == '+' ? c : '\0';
    if (sign) ++from;
    if (source_.substr(from, 2) != "%}") return {source_.npos, 0, false};
    return {from + 2, sign, sign == '+'};
  }

  // Reads the tokens of a tag up to its end mark.
  void inside(std::string_view end) {
    for (;;) {
      skip_space();
      if (at_ >= source_.size()) fail_here(fmt::format("a tag is not closed by '{}'", end));
      if (open_.empty() && ends(end)) return;
      token();
    }
  }

  bool ends(std::string_view end) {
    const bool block = end[0] == '%';
    const char c = source_[at_];
    const char sign = c == '-' || (block && c == '+') ? c : '\0';
    if (source_.substr(at_ + (sign ? 1 : 0), 2) != end) return false;
    advance(2 + (sign ? 1 : 0));
    add(block ? TokenKind::kBlockEnd : TokenKind::kVariableEnd, end);
    close(sign, block);
    return true;
  }

  void token() {
    const char c = source_[at_];
    if (digit(c)) return number_token();
    if (name_start(c)) return name_token();
    if (c == '\'' || c == '"') return string_token(c);
    operator_token();
  }

  void take(TokenKind kind, std::size_t length) {
    add(kind, source_.substr(at_, length));
    advance(length);
  }

  void name_token() {
    std::size_t n = 1;
    while (n < rest().size() && (name_start(rest()[n]) || digit(rest()[n]))) ++n;
    take(TokenKind::kName, n);
  }

  std::size_t digits(std::size_t n) const {
    const auto text = rest();
    while (n < text.size() && (digit(text[n]) || (text[n] == '_' && n + 1 < text.size() && digit(text[n + 1])))) ++n;
    return n;
  }

  void number_token() {
    const auto text = rest();
    if (text.size() > 2 && text[0] == '0' && std::string_view("xXoObB").find(text[1]) != std::string_view::npos) {
      std::size_t n = 2;
      while (n < text.size() && (std::isxdigit(static_cast<unsigned char>(text[n])) || text[n] == '_')) ++n;
      return take(TokenKind::kInteger, n);
    }
    std::size_t n = digits(0);
    const bool attribute = at_ > 0 && source_[at_ - 1] == '.';  // a.0.1 is two look-ups
    bool real = false;
    if (!attribute && n + 1 < text.size() && text[n] == '.' && digit(text[n + 1])) {
      n = digits(n + 1);
      real = true;
    }
    if (!attribute && n < text.size() && (text[n] == 'e' || text[n] == 'E')) {
      std::size_t e = n + 1;
      if (e < text.size() && (text[e] == '+' || text[e] == '-')) ++e;
      if (e < text.size() && digit(text[e])) {
        n = digits(e);
        real = true;
      }
    }
    take(real ? TokenKind::kFloat : TokenKind::kInteger, n);
  }

  void string_token(char quote) {
    const auto text = rest();
    for (std::size_t i = 1; i < text.size(); ++i) {
      if (text[i] == '\\') {
        ++i;
      } else if (text[i] == quote) {
        return take(TokenKind::kString, i + 1);
      }
    }
    fail_here("a string is not closed");
  }

  void operator_token() {
    static constexpr std::string_view kLong[] = {"//", "**", "==", "!=", "<=", ">="};
    for (const auto op : kLong)
      if (rest().starts_with(op)) return take(TokenKind::kOperator, op.size());
    const char c = source_[at_];
    if (std::string_view("+-*/%~()[]{}<>=.:|,;").find(c) == std::string_view::npos)
      fail_here(fmt::format("the character '{}' does not belong here", printable(source_.substr(at_, 1))));
    if (c == '(' || c == '[' || c == '{') open_ += c;
    if (c == ')' || c == ']' || c == '}') {
      const char expected = c == ')' ? '(' : c == ']' ? '[' : '{';
      if (open_.empty() || open_.back() != expected) fail_here(fmt::format("unexpected '{}'", c));
      open_.pop_back();
    }
    take(TokenKind::kOperator, 1);
  }

  std::string_view source_, place_;
  std::size_t at_ = 0;
  int line_ = 1;
  bool line_starting_ = true;  // the last tag consumed a newline at its end
  std::string open_;           // open brackets of the current tag
  std::vector<Token> tokens_;
};

int hex_value(std::string_view text, std::size_t count) {
  int value = 0;
  if (text.size() < count) return -1;
  for (std::size_t i = 0; i < count; ++i) {
    const char c = text[i];
    const int d = digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
    if (d < 0) return -1;
    value = value * 16 + d;
    if (value > 0x10FFFF) return -1;
  }
  return value;
}

// Decodes one escape at text[0] == '\\', text.size() > 1; returns its size in bytes.
std::size_t append_escape(std::string& out, std::string_view text) {
  static constexpr std::string_view kFrom = "ntr\\'\"abfv", kTo = "\n\t\r\\'\"\a\b\f\v";
  const char c = text[1];
  if (c == '\n') return 2;
  if (const auto at = kFrom.find(c); at != kFrom.npos) {
    out += kTo[at];
    return 2;
  }
  if (c >= '0' && c <= '7') {
    std::uint32_t value = 0;
    std::size_t n = 1;
    while (n < 4 && n < text.size() && text[n] >= '0' && text[n] <= '7') value = value * 8 + (text[n++] - '0');
    utf8::append(out, value);
    return n;
  }
  const std::size_t count = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
  if (count == 0) {
    out += '\\';
    return 1;
  }
  const int code = hex_value(text.substr(2), count);
  if (code < 0 || (code >= 0xD800 && code < 0xE000)) fault("the string escape '\\{}' is not a character", c);
  utf8::append(out, static_cast<std::uint32_t>(code));
  return 2 + count;
}

}  // namespace

std::string normalize_source(std::string_view source, bool keep_last) {
  std::string out;
  out.reserve(source.size());
  for (std::size_t i = 0; i < source.size(); ++i) {
    if (source[i] != '\r') {
      out += source[i];
    } else if (i + 1 == source.size() || source[i + 1] != '\n') {
      out += '\n';
    }
  }
  if (!keep_last && !out.empty() && out.back() == '\n') out.pop_back();
  return out;
}

std::vector<Token> tokenize(std::string_view source, std::string_view place) { return Lexer(source, place).run(); }

std::string unescape(std::string_view quoted) {
  std::string_view text = quoted.substr(1, quoted.size() - 2);
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    if (text[0] == '\\' && text.size() > 1) {
      text.remove_prefix(append_escape(out, text));
    } else {
      out += text[0];
      text.remove_prefix(1);
    }
  }
  return out;
}

}  // namespace linnet::jinja
