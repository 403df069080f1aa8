// Rows of a .json file: the elements of a list, the objects of a "data" list (SQuAD's form: a row per question, with
// its paragraph's context), or a sequence of objects. Memory holds one element at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "linnet/data/rows.h"

namespace linnet {

// Splits a JSON text into its elements without parsing them.
class JsonElements {
 public:
  explicit JsonElements(TextBuffer text) : text_(std::move(text)) {}

  // The next element, valid until the next call. kBadInput if the text between elements is not JSON, or one is too
  // long; the caller checks the inside of an element.
  bool next(std::string_view& element);
  std::int64_t line() const { return element_line_; }    // line of the element, 1-based
  bool in_data() const { return mode_ == Mode::kData; }  // the element is one of a "data" list
  const std::string& place() const { return text_.place(); }

 private:
  enum class Mode : std::uint8_t { kStart, kList, kData, kObjects, kEnd };

  int look();                  // the next non-space character, which is not consumed; -1 at the end
  char at(std::size_t index);  // of the unread text; '\0' past the end
  std::size_t after_blanks(std::size_t index);
  std::size_t after_value(std::size_t index);  // end of the value at that index, by brackets and quotes
  std::size_t data_list();                     // start of the elements of a "data" list; 0: the object has none
  void take(std::size_t bytes);
  void begin();
  std::string_view give(std::size_t bytes);
  [[noreturn]] void broken(std::string_view fact);

  TextBuffer text_;
  Mode mode_ = Mode::kStart;
  bool first_ = true;
  std::size_t given_ = 0;  // bytes of the last returned element, not consumed yet
  std::int64_t line_ = 1, element_line_ = 1;
};

std::unique_ptr<RowReader> read_json_rows(TextBuffer text, ColumnNames& names);

}  // namespace linnet
