// CSV and TSV: RFC 4180 cells; a quoted cell has doubled quotes and may contain line ends; rows end in \n, \r\n or \r.
// A tab-separated line with other quotes is read without quoting: such files often have none.
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

  // Reads the next row; returns false at the end. `columns`: expected number of cells (0: unknown). kBadInput if quotes
  // are wrong or a row is too long.
  bool next(std::vector<std::string>& cells, std::size_t columns);
  std::int64_t line() const { return row_line_; }  // of the row that `next` read, 1-based
  bool empty_line() const { return empty_line_; }  // that row has no character, not even a quote
  bool one_line() const { return line_ <= row_line_ + 1; }
  const std::string& place() const { return text_.place(); }

 private:
  TextBuffer text_;
  char delimiter_;
  std::int64_t line_ = 1, row_line_ = 1;
  bool empty_line_ = false;
};

// A row at the beginning of a text.
struct CutRow {
  enum class State : std::uint8_t {
    kRow,
    kOpen,    // it may continue after the text
    kBroken,  // wrong quotes
  };
  State state = State::kOpen;
  std::size_t used = 0;         // bytes, with the line end
  std::string_view wrong = {};  // kBroken: the reason
};
// `last`: nothing follows the text. The cells are set if the state is kRow.
CutRow cut_quoted_row(std::string_view text, char delimiter, bool last, std::vector<std::string>& cells);
// The same, also for a tab-separated line without quoting. `columns`: expected number of cells; 0: any.
CutRow cut_row(std::string_view text, char delimiter, bool last, std::size_t columns, std::vector<std::string>& cells);

std::unique_ptr<RowReader> read_cell_rows(TextBuffer text, const DataFormat& format, ColumnNames& names);

}  // namespace linnet
