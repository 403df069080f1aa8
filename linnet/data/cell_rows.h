// CSV and TSV: RFC 4180 cells, with quotes around a cell, doubled inside, line ends allowed there; rows end in \n, \r\n
// or \r. A tab-separated line whose quotes do not fit that is taken as it is: such files are often written without any
// quoting.
//
//   CellReader cells(TextBuffer(bytes_of("a,b\n\"1,5\",2\n"), "f.csv"), ',');
//   for (std::vector<std::string> row; cells.next(row, 2);) …
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "linnet/data/rows.h"

namespace linnet {

class CellReader {
 public:
  CellReader(TextBuffer text, char delimiter) : text_(std::move(text)), delimiter_(delimiter) {}

  // The next row; false at the end. `columns` is how many cells are expected (0: not known yet). kBadInput where quotes
  // do not fit or a row is too long.
  bool next(std::vector<std::string>& cells, std::size_t columns);
  std::int64_t line() const { return row_line_; }  // of the row that `next` gave, 1-based
  bool empty_line() const { return empty_line_; }  // that row had no character, not even a quote
  bool one_line() const { return line_ <= row_line_ + 1; }
  const std::string& place() const { return text_.place(); }

 private:
  TextBuffer text_;
  char delimiter_;
  std::int64_t line_ = 1, row_line_ = 1;
  bool empty_line_ = false;
};

// A row cut from the beginning of a text.
struct CutRow {
  enum class State : std::uint8_t {
    kRow,
    kOpen,    // it may go on after the text
    kBroken,  // quotes that do not fit
  };
  State state = State::kOpen;
  std::size_t used = 0;         // bytes, with the row's end
  std::string_view wrong = {};  // kBroken: what does not fit
};
// `last`: nothing follows the text. The cells are set where the state is kRow.
CutRow cut_quoted_row(std::string_view text, char delimiter, bool last, std::vector<std::string>& cells);
// The same, and a tab-separated line without quoting. `columns`: the cells that are expected; 0: any number.
CutRow cut_row(std::string_view text, char delimiter, bool last, std::size_t columns, std::vector<std::string>& cells);

std::unique_ptr<RowReader> read_cell_rows(TextBuffer text, const DataFormat& format, ColumnNames& names);

}  // namespace linnet
