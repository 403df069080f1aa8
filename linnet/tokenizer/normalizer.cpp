#include "linnet/tokenizer/normalizer.h"

#include <utf8proc.h>

#include <array>

#include "linnet/base/base64.h"
#include "linnet/base/error.h"
#include "linnet/tokenizer/char_class.h"

namespace linnet {
namespace {

template <class Visit>
void for_each_character(std::string_view text, Visit visit) {
  while (!text.empty()) {
    const utf8::Character c = utf8::decode(text);
    visit(c.code);
    text.remove_prefix(c.length);
  }
}

// Keeps the characters for which `keep` is true.
template <class Keep>
void filter(AlignedText& text, Keep keep) {
  std::vector<Change> changes;
  changes.reserve(text.text().size());
  std::size_t skipped = 0;
  std::int32_t removed = 0;
  bool any = false;
  for_each_character(text.view(), [&](std::uint32_t code) {
    if (!keep(code)) {
      ++removed;
      any = true;
      return;
    }
    if (changes.empty())
      skipped = static_cast<std::size_t>(removed);
    else
      changes.back().change = -removed;
    changes.push_back({code, 0});
    removed = 0;
  });
  if (!any) return;
  if (!changes.empty()) changes.back().change = -removed;
  text.transform(changes, skipped);
}

template <class Map>
void map_characters(AlignedText& text, Map map) {
  std::vector<Change> changes;
  bool any = false;
  changes.reserve(text.text().size());
  for_each_character(text.view(), [&](std::uint32_t code) {
    changes.push_back({map(code), 0});
    any = any || changes.back().code != code;
  });
  if (any) text.transform(changes, 0);
}

}  // namespace

void lowercase(AlignedText& text) {
  std::vector<Change> changes;
  bool any = false;
  changes.reserve(text.text().size());
  for_each_character(text.view(), [&](std::uint32_t code) {
    const Lowered lower = to_lower(code);
    changes.push_back({lower.first, 0});
    if (lower.second != 0) changes.push_back({lower.second, 1});
    any = any || lower.first != code;
  });
  if (any) text.transform(changes, 0);
}

namespace {

bool ascii(std::string_view text) {
  for (const char c : text)
    if (static_cast<unsigned char>(c) >= 0x80) return false;
  return true;
}

class Bert : public Normalizer {
 public:
  explicit Bert(const BertOptions& options) : options_(options) {}
  void normalize(AlignedText& text) const override {
    if (ascii(text.view())) return normalize_ascii(text);
    if (options_.clean_text) clean(text);
    if (options_.handle_chinese_chars) space_ideographs(text);
    if (options_.strip_accents) {
      if (!surely_normal(text.view(), NormalForm::kNfd)) text.transform(normal_form(text.view(), NormalForm::kNfd), 0);
      filter(text, [](std::uint32_t c) { return !nonspacing_marks().contains(c); });
    }
    if (options_.lowercase) lowercase(text);
  }

 private:
  static bool dropped(std::uint32_t c) {
    if (c == '\t' || c == '\n' || c == '\r') return false;
    return c == 0 || c == 0xFFFD || other_characters().contains(c);
  }
  void normalize_ascii(AlignedText& text) const {
    if (options_.clean_text) {
      filter(text, [](std::uint32_t c) { return !(c < ' ' || c == 0x7F) || c == '\t' || c == '\n' || c == '\r'; });
      text.map_bytes([](char c) { return c == '\t' || c == '\n' || c == '\r' ? ' ' : c; });
    }
    if (options_.lowercase)
      text.map_bytes([](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
  }
  static void clean(AlignedText& text) {
    filter(text, [](std::uint32_t c) { return !dropped(c); });
    map_characters(text, [](std::uint32_t c) { return white_space().contains(c) ? ' ' : c; });
  }
  static void space_ideographs(AlignedText& text) {
    std::vector<Change> changes;
    bool any = false;
    for_each_character(text.view(), [&](std::uint32_t c) {
      const bool ideograph = is_cjk_ideograph(c);
      if (ideograph) changes.push_back({' ', 0});
      changes.push_back({c, ideograph ? 1 : 0});
      if (ideograph) changes.push_back({' ', 1});
      any = any || ideograph;
    });
    if (any) text.transform(changes, 0);
  }
  BertOptions options_;
};

class Form : public Normalizer {
 public:
  explicit Form(NormalForm form) : form_(form) {}
  void normalize(AlignedText& text) const override {
    if (!surely_normal(text.view(), form_)) text.transform(normal_form(text.view(), form_), 0);
  }

 private:
  NormalForm form_;
};

class Strip : public Normalizer {
 public:
  Strip(bool left, bool right) : left_(left), right_(right) {}
  void normalize(AlignedText& text) const override {
    std::size_t begin = 0, end = 0, at = 0;
    bool leading = left_;
    for_each_character(text.view(), [&](std::uint32_t c) {
      std::string bytes;
      utf8::append(bytes, c);
      at += bytes.size();
      const bool blank = white_space().contains(c);
      if (leading && blank)
        begin = at;
      else
        leading = false;
      if (!blank) end = at;
    });
    if (!right_) end = text.text().size();
    text.keep(begin, std::max(begin, end));
  }

 private:
  bool left_, right_;
};

class StripAccents : public Normalizer {
  void normalize(AlignedText& text) const override {
    filter(text, [](std::uint32_t c) { return !combining_marks().contains(c); });
  }
};

class Lowercase : public Normalizer {
  void normalize(AlignedText& text) const override { lowercase(text); }
};

// SentencePiece's "nmt" rules: removes control characters, replaces all kinds of spaces by ' '.
class Nmt : public Normalizer {
  void normalize(AlignedText& text) const override {
    filter(text, [](std::uint32_t c) {
      return !((c >= 0x1 && c <= 0x8) || c == 0xB || (c >= 0xE && c <= 0x1F) || c == 0x7F || c == 0x8F || c == 0x9F);
    });
    map_characters(text, [](std::uint32_t c) -> std::uint32_t {
      const bool blank = c == 0x9 || c == 0xA || c == 0xC || c == 0xD || c == 0x1680 || (c >= 0x200B && c <= 0x200F) ||
                         c == 0x2028 || c == 0x2029 || c == 0x2581 || c == 0xFEFF || c == 0xFFFD;
      return blank ? ' ' : c;
    });
  }
};

// Applies a charsmap like Hugging Face: a grapheme of fewer than 6 bytes with a prefix in the map is replaced whole,
// otherwise each of its characters.
class Precompiled : public Normalizer {
 public:
  explicit Precompiled(Charsmap map) : map_(std::move(map)) {
    for (int c = 0; c < 128; ++c)
      plain_[static_cast<std::size_t>(c)] = !map_.shortest(std::string(1, static_cast<char>(c)));
  }
  void normalize(AlignedText& text) const override {
    std::vector<Change> changes;
    changes.reserve(text.text().size());
    bool any = false;
    std::string_view rest = text.view();
    while (!rest.empty()) {
      const std::string_view grapheme = rest.substr(0, grapheme_length(rest));
      rest.remove_prefix(grapheme.size());
      if (grapheme.size() == 1 && plain_[static_cast<unsigned char>(grapheme[0]) & 0x7F]) {
        changes.push_back({static_cast<std::uint32_t>(grapheme[0]), 0});
        continue;
      }
      if (const auto hit = grapheme.size() < 6 ? map_.shortest(grapheme) : std::nullopt) {
        put(changes, grapheme, hit->replacement);
        text.check_next_size(changes.size());
        any = true;
        continue;
      }
      for_each_character(grapheme, [&](std::uint32_t code) {
        std::string part;
        utf8::append(part, code);
        if (const auto hit = map_.shortest(part)) {
          put(changes, part, hit->replacement);
          text.check_next_size(changes.size());
          any = true;
        } else {
          changes.push_back({code, 0});
        }
      });
    }
    if (any) text.transform(changes, 0);
  }

 private:
  static std::size_t grapheme_length(std::string_view text) {
    if (static_cast<unsigned char>(text[0]) < 0x80 && text[0] != '\r' &&
        (text.size() == 1 || static_cast<unsigned char>(text[1]) < 0x80))
      return 1;
    utf8::Character before = utf8::decode(text);
    std::size_t length = before.length;
    utf8proc_int32_t state = 0;
    while (length < text.size()) {
      const utf8::Character next = utf8::decode(text.substr(length));
      if (utf8proc_grapheme_break_stateful(static_cast<utf8proc_int32_t>(before.code),
                                           static_cast<utf8proc_int32_t>(next.code), &state))
        break;
      length += next.length;
      before = next;
    }
    return length;
  }
  static void put(std::vector<Change>& changes, std::string_view before, std::string_view after) {
    const auto old_count = static_cast<std::int32_t>(utf8::count(before));
    std::int32_t count = 0;
    for_each_character(after, [&](std::uint32_t code) { changes.push_back({code, count++ < old_count ? 0 : 1}); });
    if (count < old_count && !changes.empty()) changes.back().change += count - old_count;
  }
  Charsmap map_;
  std::array<bool, 128> plain_;
};

class Prepend : public Normalizer {
 public:
  explicit Prepend(std::string text) : text_(std::move(text)) {}
  void normalize(AlignedText& text) const override { text.prepend(text_); }

 private:
  std::string text_;
};

class Replace : public Normalizer {
 public:
  Replace(Pattern pattern, std::string content) : pattern_(std::move(pattern)), content_(std::move(content)) {}
  void normalize(AlignedText& text) const override {
    text.replace(pattern_.find_all(text.view(), text.budget()), content_);
  }

 private:
  Pattern pattern_;
  std::string content_;
};

class ByteLevel : public Normalizer {
  void normalize(AlignedText& text) const override {
    std::vector<Change> changes;
    changes.reserve(text.text().size());
    for (const char c : text.text()) {
      const auto byte = static_cast<unsigned char>(c);
      changes.push_back({byte_to_code(byte), (byte & 0xC0) == 0x80 ? 1 : 0});
    }
    if (!changes.empty()) text.transform(changes, 0);
  }
};

class Sequence : public Normalizer {
 public:
  explicit Sequence(std::vector<NormalizerPtr> steps) : steps_(std::move(steps)) {}
  void normalize(AlignedText& text) const override {
    for (const NormalizerPtr& step : steps_) step->normalize(text);
  }

 private:
  std::vector<NormalizerPtr> steps_;
};

std::string text_of(const Json& json, const char* key, std::string_view place) {
  return get_string(require(json, key, place), key, place);
}

NormalizerPtr make_bert(const Json& json, std::string_view place) {
  BertOptions options;
  options.clean_text = get_flag(json, "clean_text", true, place);
  options.handle_chinese_chars = get_flag(json, "handle_chinese_chars", true, place);
  options.lowercase = get_flag(json, "lowercase", true, place);
  options.strip_accents = get_flag(json, "strip_accents", options.lowercase, place);
  return bert_normalizer(options);
}

NormalizerPtr make_replace(const Json& json, std::string_view place) {
  const Json& pattern = require(json, "pattern", place);
  const std::string content = text_of(json, "content", place);
  check(pattern.is_object(), ErrorKind::kBadInput,
        "{}: normalizer Replace: 'pattern' is not an object; correct the file, or get it again", place);
  if (pattern.contains("String"))
    return std::make_unique<Replace>(Pattern::literal(text_of(pattern, "String", place)), content);
  return std::make_unique<Replace>(Pattern::regex(text_of(pattern, "Regex", place), place), content);
}

}  // namespace

std::uint32_t byte_to_code(unsigned char byte) {
  static const std::array<std::uint32_t, 256> codes = [] {
    std::array<std::uint32_t, 256> table{};
    std::uint32_t next = 256;
    for (std::uint32_t b = 0; b < 256; ++b) {
      const bool shown = (b >= '!' && b <= '~') || (b >= 0xA1 && b <= 0xAC) || b >= 0xAE;
      table[b] = shown ? b : next++;
    }
    return table;
  }();
  return codes[byte];
}

int code_to_byte(std::uint32_t code) {
  static const std::array<std::int16_t, 512> bytes = [] {
    std::array<std::int16_t, 512> table{};
    table.fill(-1);
    for (int b = 0; b < 256; ++b) table[byte_to_code(static_cast<unsigned char>(b))] = static_cast<std::int16_t>(b);
    return table;
  }();
  return code < bytes.size() ? bytes[code] : -1;
}

Lowered to_lower(std::uint32_t code) {
  if (code < 0x80) return {code >= 'A' && code <= 'Z' ? code + ('a' - 'A') : code, 0};
  if (code == 0x130) return {'i', 0x307};
  return {static_cast<std::uint32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(code))), 0};
}

NormalizerPtr bert_normalizer(const BertOptions& options) { return std::make_unique<Bert>(options); }
NormalizerPtr unicode_normalizer(NormalForm form) { return std::make_unique<Form>(form); }
NormalizerPtr byte_level_normalizer() { return std::make_unique<ByteLevel>(); }

NormalizerPtr precompiled_normalizer(std::string_view charsmap, std::string_view place) {
  return std::make_unique<Precompiled>(Charsmap::parse(charsmap, place));
}

NormalizerPtr make_normalizer(const Json& json, std::string_view place) {
  if (json.is_null()) return nullptr;
  const std::string type = text_of(json, "type", place);
  if (type == "Sequence") {
    std::vector<NormalizerPtr> steps;
    const Json& list = require(json, "normalizers", place);
    check(list.is_array(), ErrorKind::kBadInput, "{}: 'normalizers' is not a list; correct the file, or get it again",
          place);
    for (const Json& step : list)
      if (NormalizerPtr made = make_normalizer(step, place)) steps.push_back(std::move(made));
    return std::make_unique<Sequence>(std::move(steps));
  }
  if (type == "BertNormalizer" || type == "Bert") return make_bert(json, place);
  if (type == "NFC") return unicode_normalizer(NormalForm::kNfc);
  if (type == "NFD") return unicode_normalizer(NormalForm::kNfd);
  if (type == "NFKC") return unicode_normalizer(NormalForm::kNfkc);
  if (type == "NFKD") return unicode_normalizer(NormalForm::kNfkd);
  if (type == "Lowercase") return std::make_unique<Lowercase>();
  if (type == "StripAccents") return std::make_unique<StripAccents>();
  if (type == "Strip")
    return std::make_unique<Strip>(get_flag(json, "strip_left", true, place),
                                   get_flag(json, "strip_right", true, place));
  if (type == "Nmt") return std::make_unique<Nmt>();
  if (type == "Prepend") return std::make_unique<Prepend>(text_of(json, "prepend", place));
  if (type == "Replace") return make_replace(json, place);
  if (type == "ByteLevel") return byte_level_normalizer();
  if (type == "Precompiled")
    return precompiled_normalizer(decode_base64(text_of(json, "precompiled_charsmap", place), place), place);
  fail(ErrorKind::kBadInput, "{}: normalizer '{}' is not known; correct the file, or get it again", place,
       printable(type));
}

}  // namespace linnet
