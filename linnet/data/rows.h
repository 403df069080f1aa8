// Rows of a data file one after the other, before anything knows what the columns mean.
//
//   ColumnNames names;
//   Arena arena;
//   auto rows = read_rows(TextBuffer(open_bytes("reviews.csv"), "reviews.csv"), {.name = "csv"}, names);
//   for (RawRow row; rows->next(arena, row);) row.record.find("text").text;
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "linnet/base/error.h"
#include "linnet/data/record.h"
#include "linnet/data/text_source.h"

namespace linnet {

// How a data file is to be read.
struct DataFormat {
  std::string name;      // txt, jsonl, json, csv or tsv
  char delimiter = ',';  // between the cells of csv and tsv
  bool header = true;    // the first row of csv and tsv names the columns; else they are column1, column2, …
};

struct RawRow {
  Record record;
  std::string fault = {};  // why the row cannot be read, whose record has no cells then; "" where it can
};

class RowReader {
 public:
  virtual ~RowReader() = default;
  // The next row, its cells in `arena`; false at the end. Waits for no more than the row needs. Where it is certain
  // where a row that cannot be read ends (a line of JSON, a line with too few or too many cells) the row has a fault;
  // any other broken text is kBadInput naming place:line.
  virtual bool next(Arena& arena, RawRow& row) = 0;
  std::int64_t blank_lines() const { return blank_; }  // empty lines so far that are no rows

 protected:
  std::int64_t blank_ = 0;
};

// `names` gets the columns as they are met; it must outlive the reader and the rows.
std::unique_ptr<RowReader> read_rows(TextBuffer text, const DataFormat& format, ColumnNames& names);

// What an error says, without the place that it begins with.
std::string fact_of(const Error& error, const std::string& place);

// Without white space at both ends.
std::string_view trimmed(std::string_view text);
inline bool blank(std::string_view text) { return trimmed(text).empty(); }

// Turns the object of a row into a record, of which `writer` knows the place; `place` names the row in errors.
class ObjectRows {
 public:
  explicit ObjectRows(ColumnNames& names) : names_(names) {}
  Record record(const Json& object, RecordWriter writer, Arena& arena, const std::string& place);
  bool full() const { return names_.names().size() > kMaxColumns; }  // more rows are not read

 private:
  ColumnNames& names_;
  std::vector<std::int64_t> last_row_;  // in which each column was met last
  std::int64_t row_ = 0;
};

}  // namespace linnet
