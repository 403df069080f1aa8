// A text under normalisation: its bytes, and for each byte the part of the original text it stands for.
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

// One character of a new text. change 0: it replaces the next old character; n > 0: it is inserted; -n: it replaces
// the next old one and the n after that go. (The language Hugging Face's normalizers speak, so that offsets agree.)
struct Change {
  std::uint32_t code;
  std::int32_t change;
};

class AlignedText {
 public:
  // `begin`: where `text` starts in the original. The budget is shared by all parts of one text; null: one of its own.
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
  // For a step that makes the next text piece by piece: fails early where it is too long already.
  void check_next_size(std::size_t bytes) const { budget_->need(bytes > text_.size() ? bytes - text_.size() : 0); }

  // What [begin, end) of this text stands for in the original; begin < end.
  Span origin(std::size_t begin, std::size_t end) const;

  // The whole text anew; the first `skipped` characters are dropped before the first change.
  void transform(std::span<const Change> changes, std::size_t skipped);
  void keep(std::size_t begin, std::size_t end);  // drops the rest
  AlignedText slice(std::size_t begin, std::size_t end) const;
  void prepend(std::string_view characters);  // they stand for what the first character does
  // Characters mapped one to one where nothing changes length: `map` edits the bytes in place.
  template <class Map>
  void map_bytes(Map map) {
    for (char& c : text_) c = map(c);
  }
  // Puts `content` for each of `matches` ([begin, end) pairs, ascending); it stands for the last byte replaced.
  void replace(std::span<const Span> matches, std::string_view content);
  // Takes a text that was built elsewhere, from parts of this one that are accounted for (pre-tokenizers).
  void assign(std::string text, std::vector<Span> origins);
  // The same, and its growth is accounted for here.
  void replace_all(std::string text, std::vector<Span> origins);
  // The span of each byte, at the end of `out`; nothing where they are not tracked.
  void append_origins(std::vector<Span>& out);

 private:
  void account(std::size_t next_size) { budget_->grow(next_size > text_.size() ? next_size - text_.size() : 0); }
  void materialize();  // origins_ written out for each byte
  Span at(std::size_t byte) const { return mapped_ ? spans_[byte] : identity(byte); }
  Span identity(std::size_t byte) const;

  std::string text_;
  std::uint32_t begin_ = 0;
  Origins origins_;
  std::shared_ptr<TextBudget> budget_;
  bool mapped_ = false;      // false: byte i is byte begin_ + i of the original
  std::vector<Span> spans_;  // one a byte, where mapped_
};

}  // namespace linnet
