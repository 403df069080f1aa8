#include "linnet/tokenizer/pretokenizer.h"

#include <algorithm>
#include <string>

#include "linnet/base/error.h"
#include "linnet/tokenizer/char_class.h"
#include "linnet/tokenizer/normalizer.h"
#include "linnet/tokenizer/pattern.h"
#include "linnet/tokenizer/splitters.h"

namespace linnet {
namespace {

// What happens to a match and its neighbours.
enum class Delimiter : std::uint8_t { kRemoved, kIsolated, kMergedWithPrevious, kMergedWithNext, kContiguous };

struct Part {
  Span span;
  bool match;
};

// Matches and the text between them.
std::vector<Part> cover(std::string_view text, const std::vector<Span>& matches, bool invert) {
  std::vector<Part> parts;
  std::uint32_t at = 0;
  for (const Span& m : matches) {
    if (at != m.begin) parts.push_back({{at, m.begin}, invert});
    parts.push_back({m, !invert});
    at = m.end;
  }
  if (const auto size = static_cast<std::uint32_t>(text.size()); at != size) parts.push_back({{at, size}, invert});
  return parts;
}

void emit(const std::vector<Part>& parts, Delimiter behaviour, std::uint32_t shift, std::vector<Span>& out) {
  std::vector<Span> pieces;
  const auto push = [&](const Span& s) { pieces.push_back(s); };
  if (behaviour == Delimiter::kRemoved || behaviour == Delimiter::kIsolated) {
    for (const Part& p : parts)
      if (behaviour == Delimiter::kIsolated || !p.match) push(p.span);
  } else if (behaviour == Delimiter::kMergedWithNext) {
    bool after = false;  // the part to the right is a match
    for (auto p = parts.rbegin(); p != parts.rend(); ++p) {
      if (p->match && !after && !pieces.empty())
        pieces.back().begin = p->span.begin;
      else
        push(p->span);
      after = p->match;
    }
    std::ranges::reverse(pieces);
  } else {
    bool before = false;
    for (const Part& p : parts) {
      const bool joins = behaviour == Delimiter::kContiguous ? p.match == before : p.match && !before;
      if (joins && !pieces.empty())
        pieces.back().end = p.span.end;
      else
        push(p.span);
      before = p.match;
    }
  }
  for (const Span& s : pieces)
    if (s.begin < s.end) out.push_back({shift + s.begin, shift + s.end});
}

// Splits pieces by a function that finds matches in each.
template <class Find>
void cut(PieceList& list, Delimiter behaviour, bool invert, Find find) {
  std::vector<Span> out, matches;
  for (const Span& piece : list.pieces) {
    const std::string_view text = list.text.view().substr(piece.begin, piece.end - piece.begin);
    matches.clear();
    find(text, matches);
    emit(cover(text, matches, invert), behaviour, piece.begin, out);
  }
  list.pieces = std::move(out);
}

template <class Belongs>
void cut_characters(PieceList& list, Delimiter behaviour, Belongs belongs) {
  cut(list, behaviour, false, [&](std::string_view text, std::vector<Span>& matches) {
    for (std::size_t at = 0; at < text.size();) {
      const utf8::Character c = utf8::decode(text.substr(at));
      if (belongs(c.code))
        matches.push_back({static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(at + c.length)});
      at += c.length;
    }
  });
}

// Rewrites each piece separately and concatenates the results.
template <class Edit>
void rewrite(PieceList& list, Edit edit) {
  std::string text;
  std::vector<Span> origins, pieces;
  for (const Span& piece : list.pieces) {
    AlignedText part = list.text.slice(piece.begin, piece.end);
    edit(part);
    const auto begin = static_cast<std::uint32_t>(text.size());
    text += part.text();
    part.append_origins(origins);
    if (text.size() > begin) pieces.push_back({begin, static_cast<std::uint32_t>(text.size())});
  }
  list.text.assign(std::move(text), std::move(origins));
  list.pieces = std::move(pieces);
}

class Whitespace : public PreTokenizer {
 public:
  explicit Whitespace(bool words) : words_(words) {}
  void split(PieceList& list) const override {
    if (!words_)
      return cut_characters(list, Delimiter::kRemoved, [](std::uint32_t c) { return white_space().contains(c); });
    // \w+|[^\w\s]+
    cut(list, Delimiter::kRemoved, true, [](std::string_view text, std::vector<Span>& matches) {
      int before = 0;  // 1 word, 2 other, 0 space
      for (std::size_t at = 0; at < text.size();) {
        const utf8::Character c = utf8::decode(text.substr(at));
        const int kind = regex_words().contains(c.code) ? 1 : white_space().contains(c.code) ? 0 : 2;
        const auto end = static_cast<std::uint32_t>(at + c.length);
        if (kind != 0 && kind == before)
          matches.back().end = end;
        else if (kind != 0)
          matches.push_back({static_cast<std::uint32_t>(at), end});
        before = kind;
        at = end;
      }
    });
  }

 private:
  bool words_;
};

class Bert : public PreTokenizer {
  void split(PieceList& list) const override {
    std::vector<Span> out;
    for (const Span& piece : list.pieces) {
      const std::string_view text = list.text.view();
      std::uint32_t begin = piece.begin;
      for (std::uint32_t at = piece.begin; at < piece.end;) {
        const utf8::Character c = utf8::decode(text.substr(at));
        const auto end = at + static_cast<std::uint32_t>(c.length);
        const bool blank = white_space().contains(c.code);
        if (blank || punctuation().contains(c.code)) {
          if (begin < at) out.push_back({begin, at});
          if (!blank) out.push_back({at, end});
          begin = end;
        }
        at = end;
      }
      if (begin < piece.end) out.push_back({begin, piece.end});
    }
    list.pieces = std::move(out);
  }
};

class Digits : public PreTokenizer {
 public:
  explicit Digits(bool individual) : individual_(individual) {}
  void split(PieceList& list) const override {
    cut_characters(list, individual_ ? Delimiter::kIsolated : Delimiter::kContiguous,
                   [](std::uint32_t c) { return numbers().contains(c); });
  }

 private:
  bool individual_;
};

class Punctuation : public PreTokenizer {
 public:
  explicit Punctuation(Delimiter behaviour) : behaviour_(behaviour) {}
  void split(PieceList& list) const override {
    cut_characters(list, behaviour_, [](std::uint32_t c) { return punctuation().contains(c); });
  }

 private:
  Delimiter behaviour_;
};

class CharDelimiter : public PreTokenizer {
 public:
  explicit CharDelimiter(std::uint32_t code) : code_(code) {}
  void split(PieceList& list) const override {
    cut_characters(list, Delimiter::kRemoved, [this](std::uint32_t c) { return c == code_; });
  }

 private:
  std::uint32_t code_;
};

class FixedLength : public PreTokenizer {
 public:
  explicit FixedLength(std::int64_t length) : length_(length) {}
  void split(PieceList& list) const override {
    std::vector<Span> out;
    for (const Span& piece : list.pieces) {
      std::int64_t count = 0;
      Span chunk{piece.begin, piece.begin};
      while (chunk.end < piece.end) {
        chunk.end += static_cast<std::uint32_t>(utf8::decode(list.text.view().substr(chunk.end)).length);
        if (++count < length_ && chunk.end < piece.end) continue;
        out.push_back(chunk);
        chunk.begin = chunk.end;
        count = 0;
      }
    }
    list.pieces = std::move(out);
  }

 private:
  std::int64_t length_;
};

class UnicodeScripts : public PreTokenizer {
  void split(PieceList& list) const override {
    std::vector<Span> out;
    for (const Span& piece : list.pieces) {
      int last = -1;
      std::uint32_t begin = piece.begin;
      for (std::uint32_t at = piece.begin; at < piece.end;) {
        const utf8::Character c = utf8::decode(list.text.view().substr(at));
        const int script = script_group(c.code);
        if (script != 0 && last != script) {
          // A space at the start has no script: `tokenizers` drops the text before the first one.
          if (at > begin && last != -1) out.push_back({begin, at});
          begin = at;
        }
        if (script != 0) last = script;
        at += static_cast<std::uint32_t>(c.length);
      }
      if (last != -1 && begin < piece.end) out.push_back({begin, piece.end});
    }
    list.pieces = std::move(out);
  }
};

class Split : public PreTokenizer {
 public:
  Split(Pattern pattern, Delimiter behaviour, bool invert)
      : pattern_(std::move(pattern)),
        behaviour_(behaviour),
        invert_(invert),
        quick_(pattern_.is_regex() ? known_splitter(pattern_.source()) : nullptr) {}
  void split(PieceList& list) const override {
    cut(list, behaviour_, invert_, [&](std::string_view text, std::vector<Span>& matches) {
      if (quick_ != nullptr)
        quick_(text, matches);
      else
        matches = pattern_.find_all(text, list.text.budget());
    });
  }

 private:
  Pattern pattern_;
  Delimiter behaviour_;
  bool invert_;
  Splitter quick_;
};

class ByteLevel : public PreTokenizer {
 public:
  ByteLevel(bool prefix_space, bool use_regex, ByteSpelling spelling)
      : prefix_space_(prefix_space), use_regex_(use_regex), spelling_(spelling), spell_(byte_level_normalizer()) {}
  void split(PieceList& list) const override {
    const auto bare = [&](const Span& s) { return list.text.view()[s.begin] != ' '; };
    if (prefix_space_ && std::ranges::any_of(list.pieces, bare))
      rewrite(list, [](AlignedText& part) {
        if (!part.view().starts_with(' ')) part.prepend(" ");
      });
    if (use_regex_) {
      std::vector<Span> out, matches;
      for (const Span& piece : list.pieces) {
        matches.clear();
        split_gpt2(list.text.view().substr(piece.begin, piece.end - piece.begin), matches);
        for (const Span& m : matches) out.push_back({piece.begin + m.begin, piece.begin + m.end});
      }
      list.pieces = std::move(out);
    }
    if (spelling_ == ByteSpelling::kCharacters) spell(list);
  }

 private:
  void spell(PieceList& list) const {
    // Converts the whole text at once; each piece grows by the bytes that become two.
    std::vector<std::uint32_t> moved(list.text.view().size() + 1);
    std::uint32_t at = 0;
    for (std::size_t i = 0; i < list.text.view().size(); ++i) {
      moved[i] = at;
      at += byte_to_code(static_cast<unsigned char>(list.text.view()[i])) < 0x80 ? 1 : 2;
    }
    moved.back() = at;
    spell_->normalize(list.text);
    for (Span& s : list.pieces) s = {moved[s.begin], moved[s.end]};
  }
  bool prefix_space_, use_regex_;
  ByteSpelling spelling_;
  NormalizerPtr spell_;
};

enum class Prefix : std::uint8_t { kFirst, kNever, kAlways };

class Metaspace : public PreTokenizer {
 public:
  Metaspace(std::string mark, Prefix prefix, bool cuts) : mark_(std::move(mark)), prefix_(prefix), cuts_(cuts) {}
  bool needs_origins() const override { return prefix_ == Prefix::kFirst; }
  void split(PieceList& list) const override {
    const Pattern blank = Pattern::literal(" ");
    rewrite(list, [&](AlignedText& part) {
      const bool first = prefix_ == Prefix::kFirst && part.origin(0, 1).begin == 0;
      part.replace(blank.find_all(part.view()), mark_);
      if ((prefix_ == Prefix::kAlways || first) && !part.view().starts_with(mark_)) part.prepend(mark_);
    });
    if (!cuts_) return;
    const Pattern mark = Pattern::literal(mark_);
    cut(list, Delimiter::kMergedWithNext, false,
        [&](std::string_view text, std::vector<Span>& matches) { matches = mark.find_all(text); });
  }

 private:
  std::string mark_;
  Prefix prefix_;
  bool cuts_;
};

class Sequence : public PreTokenizer {
 public:
  explicit Sequence(std::vector<PreTokenizerPtr> steps) : steps_(std::move(steps)) {}
  bool needs_origins() const override {
    return std::ranges::any_of(steps_, [](const PreTokenizerPtr& p) { return p->needs_origins(); });
  }
  void split(PieceList& list) const override {
    for (const PreTokenizerPtr& step : steps_) step->split(list);
  }

 private:
  std::vector<PreTokenizerPtr> steps_;
};

Delimiter delimiter(const Json& json, std::string_view place) {
  if (!json.contains("behavior")) return Delimiter::kIsolated;
  const std::string name = get_string(json["behavior"], "behavior", place);
  if (name == "Removed") return Delimiter::kRemoved;
  if (name == "Isolated") return Delimiter::kIsolated;
  if (name == "MergedWithPrevious") return Delimiter::kMergedWithPrevious;
  if (name == "MergedWithNext") return Delimiter::kMergedWithNext;
  if (name == "Contiguous") return Delimiter::kContiguous;
  fail(ErrorKind::kBadInput, "{}: split behavior '{}' is not known; correct the file, or get it again", place,
       printable(name));
}

std::string one_character(const Json& json, const char* key, std::string_view place) {
  std::string text = get_string(require(json, key, place), key, place);
  check(utf8::count(text) == 1, ErrorKind::kBadInput,
        "{}: '{}' is '{}', not one character; correct the file, or get it again", place, key, printable(text));
  return text;
}

PreTokenizerPtr make_split(const Json& json, std::string_view place) {
  const Json& pattern = require(json, "pattern", place);
  const bool invert = get_flag(json, "invert", false, place);
  check(pattern.is_object(), ErrorKind::kBadInput,
        "{}: pre_tokenizer Split: 'pattern' is not an object; correct the file, or get it again", place);
  Pattern made = pattern.contains("String")
                     ? Pattern::literal(get_string(pattern["String"], "String", place))
                     : Pattern::regex(get_string(require(pattern, "Regex", place), "Regex", place), place);
  return std::make_unique<Split>(std::move(made), delimiter(json, place), invert);
}

PreTokenizerPtr make_metaspace(const Json& json, std::string_view place) {
  Prefix prefix = Prefix::kAlways;
  if (json.contains("prepend_scheme") && !json["prepend_scheme"].is_null()) {
    const std::string scheme = get_string(json["prepend_scheme"], "prepend_scheme", place);
    check(scheme == "first" || scheme == "never" || scheme == "always", ErrorKind::kBadInput,
          "{}: prepend_scheme '{}' is not known; correct the file, or get it again", place, printable(scheme));
    prefix = scheme == "first" ? Prefix::kFirst : scheme == "never" ? Prefix::kNever : Prefix::kAlways;
  }
  if (!get_flag(json, "add_prefix_space", true, place)) prefix = Prefix::kNever;
  return std::make_unique<Metaspace>(one_character(json, "replacement", place), prefix,
                                     get_flag(json, "split", true, place));
}

PreTokenizerPtr make_fixed_length(const Json& json, std::string_view place) {
  const std::int64_t length = json.contains("length") ? get_integer(json["length"], "length", place) : 5;
  check(length > 0, ErrorKind::kBadInput,
        "{}: pre_tokenizer FixedLength: length is {}, it must be at least 1; correct the file, or get it again", place,
        length);
  return std::make_unique<FixedLength>(length);
}

PreTokenizerPtr make_sequence(const Json& json, std::string_view place, ByteSpelling spelling) {
  const Json& list = require(json, "pretokenizers", place);
  check(list.is_array(), ErrorKind::kBadInput, "{}: 'pretokenizers' is not a list; correct the file, or get it again",
        place);
  std::vector<PreTokenizerPtr> steps;
  for (const Json& step : list)
    if (PreTokenizerPtr made = make_pretokenizer(step, place, spelling)) steps.push_back(std::move(made));
  return std::make_unique<Sequence>(std::move(steps));
}

std::string type_of(const Json& json) {
  const bool named = json.is_object() && json.contains("type") && json["type"].is_string();
  return named ? json["type"].get<std::string>() : "";
}

}  // namespace

bool ends_in_byte_level(const Json& json) {
  if (type_of(json) == "ByteLevel") return true;
  if (type_of(json) != "Sequence" || !json.contains("pretokenizers") || !json["pretokenizers"].is_array()) return false;
  const Json& steps = json["pretokenizers"];
  for (std::size_t i = 0; i + 1 < steps.size(); ++i)
    if (type_of(steps[i]) == "ByteLevel" || type_of(steps[i]) == "Sequence") return false;
  return !steps.empty() && type_of(steps[steps.size() - 1]) == "ByteLevel";
}

PreTokenizerPtr make_pretokenizer(const Json& json, std::string_view place, ByteSpelling spelling) {
  if (json.is_null()) return nullptr;
  const std::string type = get_string(require(json, "type", place), "type", place);
  if (type == "Sequence") return make_sequence(json, place, spelling);
  if (type == "ByteLevel")
    return std::make_unique<ByteLevel>(get_flag(json, "add_prefix_space", true, place),
                                       get_flag(json, "use_regex", true, place), spelling);
  if (type == "Split") return make_split(json, place);
  if (type == "Metaspace") return make_metaspace(json, place);
  if (type == "BertPreTokenizer") return std::make_unique<Bert>();
  if (type == "Whitespace" || type == "WhitespaceSplit") return std::make_unique<Whitespace>(type == "Whitespace");
  if (type == "Digits") return std::make_unique<Digits>(get_flag(json, "individual_digits", false, place));
  if (type == "Punctuation") return std::make_unique<Punctuation>(delimiter(json, place));
  if (type == "UnicodeScripts") return std::make_unique<UnicodeScripts>();
  if (type == "FixedLength") return make_fixed_length(json, place);
  if (type == "CharDelimiterSplit" || type == "Delimiter")
    return std::make_unique<CharDelimiter>(utf8::decode(one_character(json, "delimiter", place)).code);
  fail(ErrorKind::kBadInput, "{}: pre_tokenizer '{}' is not known; correct the file, or get it again", place,
       printable(type));
}

}  // namespace linnet
