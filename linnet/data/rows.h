// Rows of a data file as JSON objects, before anything knows what the columns mean.
//
//   Rows rows = parse_rows("text,label\nfine,1\n", "csv", "reviews.csv", -1);
//   rows.rows[0].object["text"]  // "fine"
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "linnet/base/json.h"

namespace linnet {

struct Row {
  Json object;
  std::int64_t line = 0;   // where it starts, 1-based
  std::int64_t index = 0;  // 0-based among the rows of the input; a header is not one, an empty line is
};

struct Rows {
  std::vector<Row> rows;
  std::vector<std::string> columns;  // of the whole input, in its order
  std::int64_t blank = 0;            // empty lines passed over
  bool typed = false;                // values are what JSON says they are; else every value is text
};

// `format`: txt, jsonl, json, csv or tsv. `limit` < 0: all rows. Throws kBadInput naming place:line.
Rows parse_rows(std::string_view text, std::string_view format, std::string_view place, std::int64_t limit);

// RFC 4180 cells: quotes around a cell, doubled inside, line ends allowed there. A tab-separated line whose quotes do
// not fit that is taken as it stands: such files are often written without any quoting.
class CellReader {
 public:
  CellReader(std::string_view text, char separator, std::string_view place)
      : text_(text), separator_(separator), place_(place) {}

  // The next record; false at the end. `columns` is how many cells are expected (0: not known yet).
  bool next(std::vector<std::string>& cells, std::size_t columns);
  std::int64_t line() const { return record_line_; }
  bool empty_line() const { return empty_line_; }  // the record `next` gave had no character, not even a quote
  bool ended() const;                              // only empty lines follow

 private:
  std::string quoted_record(std::vector<std::string>& cells);  // says what is wrong, "" if nothing
  void plain_record(std::vector<std::string>& cells);

  std::string_view text_;
  char separator_;
  std::string_view place_;
  std::size_t at_ = 0;
  std::int64_t line_ = 1, record_line_ = 1;
  bool empty_line_ = false;
};

}  // namespace linnet
