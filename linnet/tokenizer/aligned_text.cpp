#include "linnet/tokenizer/aligned_text.h"

#include <algorithm>

namespace linnet {
namespace {

bool continues(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

std::size_t length_at(std::string_view text, std::size_t at) {
  std::size_t end = at + 1;
  while (end < text.size() && continues(text[end])) ++end;
  return end - at;
}

}  // namespace

Span AlignedText::identity(std::size_t byte) const {
  std::size_t first = byte, last = byte + 1;
  while (first > 0 && continues(text_[first])) --first;
  while (last < text_.size() && continues(text_[last])) ++last;
  return {begin_ + static_cast<std::uint32_t>(first), begin_ + static_cast<std::uint32_t>(last)};
}

Span AlignedText::origin(std::size_t begin, std::size_t end) const { return {at(begin).begin, at(end - 1).end}; }

void AlignedText::materialize() {
  if (mapped_ || !tracked()) return;
  spans_.resize(text_.size());
  for (std::size_t i = 0; i < text_.size();) {
    const std::size_t length = length_at(text_, i);
    const Span span{begin_ + static_cast<std::uint32_t>(i), begin_ + static_cast<std::uint32_t>(i + length)};
    std::fill_n(spans_.begin() + static_cast<std::ptrdiff_t>(i), length, span);
    i += length;
  }
  mapped_ = true;
}

void AlignedText::transform(std::span<const Change> changes, std::size_t skipped) {
  materialize();
  std::string text;
  std::vector<Span> spans;
  text.reserve(text_.size());
  if (tracked()) spans.reserve(text_.size());
  std::size_t offset = 0;
  for (; skipped > 0 && offset < text_.size(); --skipped) offset += length_at(text_, offset);
  for (const Change& c : changes) {
    const std::size_t before = text.size();
    utf8::append(text, c.code);
    if (!tracked()) continue;
    Span span{begin_, begin_};
    if (c.change > 0 ? offset >= 1 : offset < text_.size()) span = spans_[c.change > 0 ? offset - 1 : offset];
    for (std::int32_t taken = c.change; taken <= 0 && offset < text_.size(); ++taken)
      offset += length_at(text_, offset);
    spans.insert(spans.end(), text.size() - before, span);
  }
  account(text.size());
  text_ = std::move(text);
  spans_ = std::move(spans);
}

void AlignedText::keep(std::size_t begin, std::size_t end) {
  if (begin == 0 && end == text_.size()) return;
  if (mapped_)
    spans_ = {spans_.begin() + static_cast<std::ptrdiff_t>(begin), spans_.begin() + static_cast<std::ptrdiff_t>(end)};
  else
    begin_ += static_cast<std::uint32_t>(begin);
  text_ = text_.substr(begin, end - begin);
}

AlignedText AlignedText::slice(std::size_t begin, std::size_t end) const {
  AlignedText part(view().substr(begin, end - begin), mapped_ ? begin_ : begin_ + static_cast<std::uint32_t>(begin),
                   origins_, budget_);
  if (mapped_) {
    part.spans_.assign(spans_.begin() + static_cast<std::ptrdiff_t>(begin),
                       spans_.begin() + static_cast<std::ptrdiff_t>(end));
    part.mapped_ = true;
  }
  return part;
}

void AlignedText::prepend(std::string_view characters) {
  if (text_.empty()) return;
  account(text_.size() + characters.size());
  materialize();
  if (tracked()) spans_.insert(spans_.begin(), characters.size(), spans_.front());
  text_.insert(0, characters);
}

void AlignedText::replace(std::span<const Span> matches, std::string_view content) {
  if (matches.empty()) return;
  std::size_t size = text_.size() + matches.size() * content.size();
  for (const Span& match : matches) size -= match.end - match.begin;
  account(size);
  materialize();
  std::string text;
  std::vector<Span> spans;
  std::size_t from = 0;
  const auto copy_until = [&](std::size_t end) {
    text.append(text_, from, end - from);
    if (tracked())
      spans.insert(spans.end(), spans_.begin() + static_cast<std::ptrdiff_t>(from),
                   spans_.begin() + static_cast<std::ptrdiff_t>(end));
  };
  for (const Span& match : matches) {
    copy_until(match.begin);
    text += content;
    if (tracked())
      spans.insert(spans.end(), content.size(), match.end > 0 ? spans_[match.end - 1] : Span{begin_, begin_});
    from = match.end;
  }
  copy_until(text_.size());
  text_ = std::move(text);
  spans_ = std::move(spans);
}

void AlignedText::append_origins(std::vector<Span>& out) {
  materialize();
  out.insert(out.end(), spans_.begin(), spans_.end());
}

void AlignedText::replace_all(std::string text, std::vector<Span> origins) {
  account(text.size());
  assign(std::move(text), std::move(origins));
}

void AlignedText::assign(std::string text, std::vector<Span> origins) {
  text_ = std::move(text);
  spans_ = std::move(origins);
  mapped_ = tracked();
}

}  // namespace linnet
