// Reads the rows of a data file in sequence, before columns have a meaning.
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

// The format of a data file.
struct DataFormat {
  std::string name;      // txt, jsonl, json, csv or tsv
  char delimiter = ',';  // of cells in csv and tsv
  bool header = true;    // the first row of csv and tsv has the column names; else they are column1, column2, …
};

struct RawRow {
  Record record;
  std::string fault = {};  // why the row is unreadable (its record has no cells then); "" if it is valid
};

class RowReader {
 public:
  virtual ~RowReader() = default;
  // Reads the next row, with its cells in `arena`; returns false at the end. Waits only for this row. An unreadable row
  // with a known end (a line of JSON, a line with too few or too many cells) has a fault; other broken text is
  // kBadInput naming place:line.
  virtual bool next(Arena& arena, RawRow& row) = 0;
  std::int64_t blank_lines() const { return blank_; }  // empty lines so far that are not rows

 protected:
  std::int64_t blank_ = 0;
};

// Adds columns to `names`, which must outlive the reader and the rows.
std::unique_ptr<RowReader> read_rows(TextBuffer text, const DataFormat& format, ColumnNames& names);

// The message of an error, without its place.
std::string fact_of(const Error& error, const std::string& place);

// Removes white space at both ends.
std::string_view trimmed(std::string_view text);
inline bool blank(std::string_view text) { return trimmed(text).empty(); }

// Converts the object of a row to a record at the place of `writer`; `place` names the row in errors.
class ObjectRows {
 public:
  explicit ObjectRows(ColumnNames& names) : names_(names) {}
  Record record(const Json& object, RecordWriter writer, Arena& arena, const std::string& place);
  bool full() const { return names_.names().size() > kMaxColumns; }  // no further rows are read

 private:
  ColumnNames& names_;
  std::vector<std::int64_t> last_row_;  // row in which each column last appeared
  std::int64_t row_ = 0;
};

}  // namespace linnet
