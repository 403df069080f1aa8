#include "linnet/tokenizer/normal_form.h"

#include <utf8proc.h>

#include <algorithm>

#include "linnet/tokenizer/char_class.h"

namespace linnet {
namespace {

int combining_class(std::uint32_t code) {
  if (code < 0x300 || !assigned_unicode9().contains(code)) return 0;
  return utf8proc_get_property(static_cast<utf8proc_int32_t>(code))->combining_class;
}

// The composition of `first` and `second`, or utf8::kInvalid.
std::uint32_t compose(std::uint32_t first, std::uint32_t second) {
  if (second < 0x300) return utf8::kInvalid;
  utf8proc_int32_t pair[4] = {static_cast<utf8proc_int32_t>(first), static_cast<utf8proc_int32_t>(second)};
  const auto options = static_cast<utf8proc_option_t>(UTF8PROC_COMPOSE | UTF8PROC_STABLE);
  if (utf8proc_normalize_utf32(pair, 2, options) != 1) return utf8::kInvalid;
  const auto code = static_cast<std::uint32_t>(pair[0]);
  return assigned_unicode9().contains(code) ? code : utf8::kInvalid;
}

struct Pending {
  int combining_class;
  Change change;
};

// Appends the decomposition of each character, marks in canonical order.
std::vector<Pending> decompose(std::string_view text, bool compatible) {
  const int options = UTF8PROC_DECOMPOSE | (compatible ? UTF8PROC_COMPAT : 0);
  std::vector<Pending> out;
  out.reserve(text.size());
  std::size_t sorted = 0;
  const auto sort_marks = [&] {
    if (out.size() - sorted > 1)
      std::stable_sort(out.begin() + static_cast<std::ptrdiff_t>(sorted), out.end(),
                       [](const Pending& a, const Pending& b) { return a.combining_class < b.combining_class; });
    sorted = out.size();
  };
  const auto push = [&](std::uint32_t code, bool first) {
    const int ccc = combining_class(code);
    if (ccc == 0) sort_marks();
    out.push_back({ccc, {code, first ? 0 : 1}});
  };
  while (!text.empty()) {
    const utf8::Character c = utf8::decode(text);
    text.remove_prefix(c.length);
    if (c.code < 0x80 || !assigned_unicode9().contains(c.code)) {
      push(c.code, true);
      continue;
    }
    utf8proc_int32_t parts[32];
    int bound = 0;
    const auto count = utf8proc_decompose_char(static_cast<utf8proc_int32_t>(c.code), parts, 32,
                                               static_cast<utf8proc_option_t>(options), &bound);
    if (count <= 0 || count > 32)
      push(c.code, true);
    else
      for (utf8proc_ssize_t i = 0; i < count; ++i) push(static_cast<std::uint32_t>(parts[i]), i == 0);
  }
  sort_marks();
  return out;
}

// Composes the decomposed characters; the change of a composed character is the sum of its parts' minus one.
std::vector<Change> recompose(const std::vector<Pending>& parts) {
  std::vector<Change> out;
  out.reserve(parts.size());
  std::size_t starter = SIZE_MAX;  // position in `out`
  int last_class = -1;             // combining class of the last character after the starter
  for (const Pending& part : parts) {
    if (starter != SIZE_MAX && last_class < std::max(part.combining_class, last_class == -1 ? 0 : 1)) {
      const std::uint32_t composed = compose(out[starter].code, part.change.code);
      if (composed != utf8::kInvalid) {
        out[starter] = {composed, out[starter].change + part.change.change - 1};
        continue;
      }
    }
    out.push_back(part.change);
    if (part.combining_class == 0) {
      starter = out.size() - 1;
      last_class = -1;
    } else if (starter != SIZE_MAX) {
      last_class = part.combining_class;
    }
  }
  return out;
}

}  // namespace

bool surely_normal(std::string_view text, NormalForm form) {
  const unsigned char bound = form == NormalForm::kNfc ? 0xCC : 0x80;  // U+0300 starts with 0xCC
  return std::ranges::all_of(text, [bound](char c) { return static_cast<unsigned char>(c) < bound; });
}

std::vector<Change> normal_form(std::string_view text, NormalForm form) {
  const bool compatible = form == NormalForm::kNfkc || form == NormalForm::kNfkd;
  const std::vector<Pending> parts = decompose(text, compatible);
  if (form == NormalForm::kNfc || form == NormalForm::kNfkc) return recompose(parts);
  std::vector<Change> out;
  out.reserve(parts.size());
  for (const Pending& p : parts) out.push_back(p.change);
  return out;
}

}  // namespace linnet
