#include "linnet/tokenizer/decoder.h"

#include <algorithm>
#include <array>
#include <utility>

#include "linnet/base/error.h"
#include "linnet/base/find.h"
#include "linnet/base/utf8.h"
#include "linnet/tokenizer/normalizer.h"
#include "linnet/tokenizer/pattern.h"

namespace linnet {
namespace {

void replace_all(std::string& text, std::string_view from, std::string_view to, TextBudget& budget) {
  if (from.empty() || find_text(text, from) == text.npos) return;
  if (to.size() > from.size()) {
    std::size_t hits = 0;
    for (std::size_t at = 0; (at = find_text(text, from, at)) != text.npos; at += from.size()) ++hits;
    budget.grow(hits * (to.size() - from.size()));
  }
  std::string out;
  std::size_t at = 0;
  for (std::size_t hit = 0; (hit = find_text(text, from, at)) != text.npos; at = hit + from.size())
    out.append(text, at, hit - at).append(to);
  text = out.append(text, at);
}

class ByteLevel : public TokenDecoder {
  void decode(std::vector<std::string>& tokens, TextBudget&) const override {
    std::string bytes;
    for (const std::string& token : tokens) {
      const std::size_t before = bytes.size();
      for (std::string_view rest = token; !rest.empty();) {
        const utf8::Character c = utf8::decode(rest);
        const int byte = code_to_byte(c.code);
        if (byte < 0) {  // not byte-level characters: the token is its own text
          bytes.resize(before);
          bytes += token;
          break;
        }
        bytes += static_cast<char>(byte);
        rest.remove_prefix(c.length);
      }
    }
    tokens = {utf8::replace_invalid(bytes)};
  }
};

class ByteFallback : public TokenDecoder {
  void decode(std::vector<std::string>& tokens, TextBudget&) const override {
    std::vector<std::string> out;
    std::string bytes;
    const auto flush = [&] {
      if (bytes.empty()) return;
      if (utf8::valid(bytes))
        out.push_back(bytes);
      else
        out.insert(out.end(), bytes.size(), "\xEF\xBF\xBD");
      bytes.clear();
    };
    for (std::string& token : tokens) {
      if (const int byte = byte_of(token); byte >= 0) {
        bytes += static_cast<char>(byte);
        continue;
      }
      flush();
      out.push_back(std::move(token));
    }
    flush();
    tokens = std::move(out);
  }
  static int byte_of(std::string_view token) {  // <0xNN>
    if (token.size() != 6 || !token.starts_with("<0x") || token[5] != '>') return -1;
    int value = 0;
    for (const char c : token.substr(3, 2)) {
      const int digit = c >= '0' && c <= '9'   ? c - '0'
                        : c >= 'A' && c <= 'F' ? c - 'A' + 10
                        : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                               : -1;
      // Rust's from_str_radix also accepts a sign: "<0x+A>".
      if (digit < 0 && !(c == '+' && token[3] == '+' && value == 0 && token[4] != '+')) return -1;
      value = value * 16 + std::max(digit, 0);
    }
    return value;
  }
};

class Metaspace : public TokenDecoder {
 public:
  Metaspace(std::string mark, bool drops_first) : mark_(std::move(mark)), drops_first_(drops_first) {}
  void decode(std::vector<std::string>& tokens, TextBudget& budget) const override {
    for (std::size_t i = 0; i < tokens.size(); ++i)
      replace_all(tokens[i], mark_, i == 0 && drops_first_ ? "" : " ", budget);
  }

 private:
  std::string mark_;
  bool drops_first_;
};

void clean_up_piece(std::string& text, TextBudget& budget) {
  if (text.find(' ') == text.npos) return;
  constexpr std::array<std::pair<const char*, const char*>, 11> kRules{{{" .", "."},
                                                                        {" ?", "?"},
                                                                        {" !", "!"},
                                                                        {" ,", ","},
                                                                        {" ' ", "'"},
                                                                        {" n't", "n't"},
                                                                        {" 'm", "'m"},
                                                                        {" do not", " don't"},
                                                                        {" 's", "'s"},
                                                                        {" 've", "'ve"},
                                                                        {" 're", "'re"}}};
  for (const auto& [from, to] : kRules) replace_all(text, from, to, budget);
}

class WordPiece : public TokenDecoder {
 public:
  WordPiece(std::string prefix, bool cleans) : prefix_(std::move(prefix)), cleans_(cleans) {}
  void decode(std::vector<std::string>& tokens, TextBudget& budget) const override {
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      std::string& token = tokens[i];
      if (i > 0) {
        if (token.starts_with(prefix_))
          token.erase(0, prefix_.size());
        else
          token.insert(token.begin(), ' ');
      }
      if (cleans_) clean_up_piece(token, budget);
    }
  }

 private:
  std::string prefix_;
  bool cleans_;
};

class Bpe : public TokenDecoder {
 public:
  explicit Bpe(std::string suffix) : suffix_(std::move(suffix)) {}
  void decode(std::vector<std::string>& tokens, TextBudget& budget) const override {
    for (std::size_t i = 0; i < tokens.size(); ++i)
      replace_all(tokens[i], suffix_, i + 1 == tokens.size() ? "" : " ", budget);
  }

 private:
  std::string suffix_;
};

class Ctc : public TokenDecoder {
 public:
  Ctc(std::string pad, std::string delimiter, bool cleans)
      : pad_(std::move(pad)), delimiter_(std::move(delimiter)), cleans_(cleans) {}
  void decode(std::vector<std::string>& tokens, TextBudget& budget) const override {
    tokens.erase(std::unique(tokens.begin(), tokens.end()), tokens.end());
    for (std::string& token : tokens) {
      replace_all(token, pad_, "", budget);
      if (cleans_) {
        clean_up_piece(token, budget);
        replace_all(token, delimiter_, " ", budget);
      }
    }
    std::erase(tokens, "");
  }

 private:
  std::string pad_, delimiter_;
  bool cleans_;
};

class Fuse : public TokenDecoder {
  void decode(std::vector<std::string>& tokens, TextBudget&) const override {
    std::string all;
    for (const std::string& token : tokens) all += token;
    tokens = {std::move(all)};
  }
};

class Strip : public TokenDecoder {
 public:
  Strip(std::string content, std::int64_t start, std::int64_t stop)
      : content_(std::move(content)), start_(start), stop_(stop) {}
  void decode(std::vector<std::string>& tokens, TextBudget&) const override {
    for (std::string& token : tokens) {
      std::size_t begin = 0, end = token.size();
      for (std::int64_t i = 0; i < start_ && std::string_view(token).substr(begin).starts_with(content_); ++i)
        begin += content_.size();
      for (std::int64_t i = 0; i < stop_ && std::string_view(token).substr(begin, end - begin).ends_with(content_); ++i)
        end -= content_.size();
      token = token.substr(begin, end - begin);
    }
  }

 private:
  std::string content_;
  std::int64_t start_, stop_;
};

class Replace : public TokenDecoder {
 public:
  Replace(Pattern pattern, std::string content) : pattern_(std::move(pattern)), content_(std::move(content)) {}
  void decode(std::vector<std::string>& tokens, TextBudget& budget) const override {
    for (std::string& token : tokens) {
      if (!pattern_.is_regex()) {
        replace_all(token, pattern_.source(), content_, budget);
        continue;
      }
      const std::vector<Span> matches = pattern_.find_all(token, budget);
      budget.grow(matches.size() * content_.size());
      std::string out;
      std::size_t at = 0;
      for (const Span& match : matches) {
        out.append(token, at, match.begin - at).append(content_);
        at = match.end;
      }
      token = out.append(token, at);
    }
  }

 private:
  Pattern pattern_;
  std::string content_;
};

class Sequence : public TokenDecoder {
 public:
  explicit Sequence(std::vector<DecoderPtr> steps) : steps_(std::move(steps)) {}
  void decode(std::vector<std::string>& tokens, TextBudget& budget) const override {
    for (const DecoderPtr& step : steps_) step->decode(tokens, budget);
  }

 private:
  std::vector<DecoderPtr> steps_;
};

std::string text_of(const Json& json, const char* key, const char* otherwise, std::string_view place) {
  return json.contains(key) ? get_string(json[key], key, place) : otherwise;
}

DecoderPtr make_metaspace(const Json& json, std::string_view place) {
  const std::string scheme = text_of(json, "prepend_scheme", "always", place);
  const bool adds = get_flag(json, "add_prefix_space", true, place);
  return std::make_unique<Metaspace>(get_string(require(json, "replacement", place), "replacement", place),
                                     adds && scheme != "never");
}

DecoderPtr make_strip(const Json& json, std::string_view place) {
  const std::int64_t start = get_integer(require(json, "start", place), "start", place);
  const std::int64_t stop = get_integer(require(json, "stop", place), "stop", place);
  const std::string content = get_string(require(json, "content", place), "content", place);
  check(start >= 0 && stop >= 0 && !content.empty(), ErrorKind::kBadInput,
        "{}: decoder Strip has a negative count or no content; correct the file, or get it again", place);
  return std::make_unique<Strip>(content, start, stop);
}

DecoderPtr make_replace(const Json& json, std::string_view place) {
  const Json& pattern = require(json, "pattern", place);
  check(pattern.is_object(), ErrorKind::kBadInput,
        "{}: decoder Replace: 'pattern' is not an object; correct the file, or get it again", place);
  const std::string content = get_string(require(json, "content", place), "content", place);
  Pattern made = pattern.contains("String")
                     ? Pattern::literal(get_string(pattern["String"], "String", place))
                     : Pattern::regex(get_string(require(pattern, "Regex", place), "Regex", place), place);
  return std::make_unique<Replace>(std::move(made), content);
}

}  // namespace

DecoderPtr make_decoder(const Json& json, std::string_view place) {
  if (json.is_null()) return nullptr;
  const std::string type = get_string(require(json, "type", place), "type", place);
  if (type == "ByteLevel") return std::make_unique<ByteLevel>();
  if (type == "ByteFallback") return std::make_unique<ByteFallback>();
  if (type == "Fuse") return std::make_unique<Fuse>();
  if (type == "Metaspace") return make_metaspace(json, place);
  if (type == "WordPiece")
    return std::make_unique<WordPiece>(text_of(json, "prefix", "##", place), get_flag(json, "cleanup", true, place));
  if (type == "BPEDecoder") return std::make_unique<Bpe>(text_of(json, "suffix", "</w>", place));
  if (type == "CTC")
    return std::make_unique<Ctc>(text_of(json, "pad_token", "<pad>", place),
                                 text_of(json, "word_delimiter_token", "|", place),
                                 get_flag(json, "cleanup", true, place));
  if (type == "Strip") return make_strip(json, place);
  if (type == "Replace") return make_replace(json, place);
  if (type == "Sequence") {
    const Json& list = require(json, "decoders", place);
    check(list.is_array(), ErrorKind::kBadInput, "{}: 'decoders' is not a list; correct the file, or get it again",
          place);
    std::vector<DecoderPtr> steps;
    for (const Json& step : list)
      if (DecoderPtr made = make_decoder(step, place)) steps.push_back(std::move(made));
    return std::make_unique<Sequence>(std::move(steps));
  }
  fail(ErrorKind::kBadInput, "{}: decoder '{}' is not known; correct the file, or get it again", place,
       printable(type));
}

std::string decode_tokens(const TokenDecoder* decoder, std::vector<std::string> tokens) {
  std::size_t bytes = tokens.size();
  for (const std::string& token : tokens) bytes += token.size();
  TextBudget budget(bytes);
  if (decoder != nullptr) decoder->decode(tokens, budget);
  std::string out;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (decoder == nullptr && i > 0) out += ' ';
    out += tokens[i];
  }
  return out;
}

std::string clean_up_spaces(std::string text) {
  TextBudget budget(text.size());
  constexpr std::array<std::pair<const char*, const char*>, 10> kRules{{{" .", "."},
                                                                        {" ?", "?"},
                                                                        {" !", "!"},
                                                                        {" ,", ","},
                                                                        {" ' ", "'"},
                                                                        {" n't", "n't"},
                                                                        {" 'm", "'m"},
                                                                        {" 's", "'s"},
                                                                        {" 've", "'ve"},
                                                                        {" 're", "'re"}}};
  for (const auto& [from, to] : kRules) replace_all(text, from, to, budget);
  return text;
}

}  // namespace linnet
