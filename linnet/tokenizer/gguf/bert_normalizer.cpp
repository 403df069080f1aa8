#include <utf8proc.h>

#include "linnet/tokenizer/char_class.h"
#include "linnet/tokenizer/normalizer.h"

namespace linnet {
namespace {

enum class Fate : std::uint8_t { kKept, kDropped, kBlank, kWord };

bool is_mark(utf8proc_category_t category) {
  return category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_MC || category == UTF8PROC_CATEGORY_ME;
}

bool is_control(utf8proc_category_t category) {
  return category >= UTF8PROC_CATEGORY_CC && category <= UTF8PROC_CATEGORY_CO;
}

bool is_word(std::uint32_t code, utf8proc_category_t category) {
  const bool punctuation = category >= UTF8PROC_CATEGORY_PC && category <= UTF8PROC_CATEGORY_PO;
  const bool symbol = code < 0x7F && category >= UTF8PROC_CATEGORY_SM && category <= UTF8PROC_CATEGORY_SO;
  return punctuation || symbol || is_cjk_ideograph(code);
}

Fate fate_of(std::uint32_t code) {
  if (white_space().contains(code)) return Fate::kBlank;
  const utf8proc_category_t category = utf8proc_category(static_cast<utf8proc_int32_t>(code));
  if (code == 0xFFFD || is_control(category) || is_mark(category)) return Fate::kDropped;
  return is_word(code, category) ? Fate::kWord : Fate::kKept;
}

// The first character of the canonical decomposition; the rest is lost (an accent or a vowel of Hangul).
std::uint32_t first_part(std::uint32_t code) {
  if (code < 0x80) return code;
  utf8proc_int32_t parts[32];
  int bound = 0;
  const auto count =
      utf8proc_decompose_char(static_cast<utf8proc_int32_t>(code), parts, 32, UTF8PROC_DECOMPOSE, &bound);
  return count > 0 ? static_cast<std::uint32_t>(parts[0]) : code;
}

class GgufBert : public Normalizer {
 public:
  void normalize(AlignedText& text) const override {
    std::vector<Change> changes;
    changes.reserve(text.text().size());
    std::size_t skipped = 0;
    for (std::string_view rest = text.view(); !rest.empty();) {
      const utf8::Character c = utf8::decode(rest);
      rest.remove_prefix(c.length);
      const std::uint32_t code = first_part(c.code);
      const Fate fate = fate_of(code);
      if (fate == Fate::kDropped) {
        if (changes.empty())
          ++skipped;
        else
          --changes.back().change;
      } else if (fate == Fate::kBlank) {
        changes.push_back({' ', 0});
      } else if (fate == Fate::kWord) {
        changes.insert(changes.end(), {{' ', 0}, {to_lower(code).first, 1}, {' ', 1}});
      } else {
        changes.push_back({to_lower(code).first, 0});
      }
    }
    text.transform(changes, skipped);
  }
};

}  // namespace

NormalizerPtr gguf_bert_normalizer() { return std::make_unique<GgufBert>(); }

}  // namespace linnet
