#include <algorithm>

#include "linnet/base/utf8.h"
#include "linnet/tokenizer/tokenizer.h"

namespace linnet {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD: maybe the beginning of a character

// Length of the part of `text` that later tokens cannot change: without an incomplete character, or a space that
// clean-up may remove.
std::size_t certain(std::string_view text, bool cleans) {
  std::size_t end = text.size();
  while (text.substr(0, end).ends_with(kReplacement)) end -= kReplacement.size();
  if (cleans) {
    constexpr std::size_t kLongestRule = 5;
    const std::size_t from = end > kLongestRule ? end - kLongestRule : 0;
    if (const std::size_t blank = text.substr(0, end).find(' ', from); blank != text.npos) end = blank;
  }
  return end;
}

// Bytes of the common prefix, in whole characters.
std::size_t common_beginning(std::string_view a, std::string_view b) {
  const auto same = static_cast<std::size_t>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin());
  return utf8::complete_prefix(a.substr(0, same));
}

}  // namespace

// Decodes a window of recent ids and compares with the text so far: the rest is new. The window restarts only if both
// texts have the same end, so that byte runs and first-token rules have their context.
std::string StreamDecoder::push(std::int32_t id) {
  all_.push_back(id);
  window_.push_back(id);
  // A long window (a run of bytes, tokens without text) is decoded again only after it grew by a sixteenth: decoding at
  // each token would take quadratic time.
  if (window_.size() < next_look_) return {};
  constexpr std::size_t kPatientFrom = 128;
  next_look_ = window_.size() < kPatientFrom ? 0 : window_.size() + window_.size() / 16;
  const std::string text = tokenizer_.decode(window_, skip_special_tokens_);
  const std::size_t end = certain(text, tokenizer_.clean_up_tokenization_spaces());
  // Byte tokens that do not form characters change the decoding of earlier ones: text that was returned stays, and the
  // new decoding follows when it is certain.
  const std::size_t known = common_beginning(text, shown_);
  if (end <= known || (known < shown_.size() && end < text.size())) return {};
  std::string fresh = text.substr(known, end - known);
  shown_ = text.substr(0, end);
  emitted_ += fresh;
  constexpr std::size_t kLongWindow = 16;
  if (end == text.size() && window_.size() >= kLongWindow) {
    // Not inside a run of bytes: its beginning affects the decoding of the rest.
    const std::vector<std::int32_t> later(window_.end() - kLongWindow / 2, window_.end());
    std::string shown = tokenizer_.decode(later, skip_special_tokens_);
    if (shown.empty() || shown.find(kReplacement) != shown.npos) return fresh;
    window_ = later;
    next_look_ = 0;
    shown_ = std::move(shown);
  }
  return fresh;
}

std::string StreamDecoder::finish() {
  const std::string whole = tokenizer_.decode(all_, skip_special_tokens_);
  const std::string text = tokenizer_.decode(window_, skip_special_tokens_);
  std::string rest =
      whole.starts_with(emitted_) ? whole.substr(emitted_.size()) : text.substr(common_beginning(text, shown_));
  all_.clear();
  window_.clear();
  shown_.clear();
  emitted_.clear();
  next_look_ = 0;
  return rest;
}

}  // namespace linnet
