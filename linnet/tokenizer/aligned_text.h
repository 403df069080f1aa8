// A text during normalisation: its bytes, and for each byte its part of the original text.
//
//   AlignedText t("Ça va", 0, Origins::kTrack);
//   t.transform(changes, 0);   // (character, change) pairs
//   t.origin(0, 1);            // {0, 2}
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "linnet/base/utf8.h"
#include "linnet/tokenizer/text_budget.h"

namespace linnet {

// [begin, end) in bytes of the original text.
struct Span {
  std::uint32_t begin = 0, end = 0;
};

enum class Origins : std::uint8_t { kIgnore, kTrack };

// One character of a new text. change 0: replaces the next old character; n > 0: inserted; -n: replaces the next old
// one and removes n more. (The representation of Hugging Face's normalizers, so that offsets agree.)
struct Change {
  std::uint32_t code;
  std::int32_t change;
};

class AlignedText {
 public:
  // `begin`: position of `text` in the original. All parts of one text share the budget; null: a new one.
  AlignedText(std::string_view text, std::uint32_t begin, Origins origins, std::shared_ptr<TextBudget> budget = nullptr)
      : text_(text),
        begin_(begin),
        origins_(origins),
        budget_(budget ? std::move(budget) : std::make_shared<TextBudget>(text.size())) {}

  const std::string& text() const { return text_; }
  std::string_view view() const { return text_; }
  bool empty() const { return text_.empty(); }
  bool tracked() const { return origins_ == Origins::kTrack; }
  TextBudget& budget() const { return *budget_; }
  // For a step that builds the next text in pieces: fails early if it is too long.
  void check_next_size(std::size_t bytes) const { budget_->need(bytes > text_.size() ? bytes - text_.size() : 0); }

  // The original range of [begin, end) of this text; begin < end.
  Span origin(std::size_t begin, std::size_t end) const;

  // Rebuilds the whole text; drops the first `skipped` characters before the first change.
  void transform(std::span<const Change> changes, std::size_t skipped);
  void keep(std::size_t begin, std::size_t end);  // drops the rest
  AlignedText slice(std::size_t begin, std::size_t end) const;
  void prepend(std::string_view characters);  // they get the origin of the first character
  // Maps characters one to one if no length changes: `map` edits the bytes in place.
  template <class Map>
  void map_bytes(Map map) {
    for (char& c : text_) c = map(c);
  }
  // Replaces each of `matches` ([begin, end), ascending) by `content`, with the origin of the last replaced byte.
  void replace(std::span<const Span> matches, std::string_view content);
  // Assigns a text built from parts of this one, whose growth is already counted (pre-tokenizers).
  void assign(std::string text, std::vector<Span> origins);
  // The same, but counts the growth.
  void replace_all(std::string text, std::vector<Span> origins);
  // Appends the span of each byte to `out`; nothing if they are not tracked.
  void append_origins(std::vector<Span>& out);

 private:
  void account(std::size_t next_size) { budget_->grow(next_size > text_.size() ? next_size - text_.size() : 0); }
  void materialize();  // expands origins_ to each byte
  Span at(std::size_t byte) const { return mapped_ ? spans_[byte] : identity(byte); }
  Span identity(std::size_t byte) const;

  std::string text_;
  std::uint32_t begin_ = 0;
  Origins origins_;
  std::shared_ptr<TextBudget> budget_;
  bool mapped_ = false;      // false: byte i is byte begin_ + i of the original
  std::vector<Span> spans_;  // one per byte, if mapped_
};

}  // namespace linnet
