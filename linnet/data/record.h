// The cells of a row, each stored once: texts unchanged, other JSON values as JSON text. An Example has views of them.
//
//   ColumnNames names;
//   Arena arena;
//   RecordWriter writer(/*line=*/2, /*index=*/0);
//   writer.add(names.id("text"), CellKind::kText, "fine");
//   Record row = writer.finish(arena, names);
//   row.find("text").text  // "fine", as long as the arena lives
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "linnet/base/json.h"

namespace linnet {

// A view that converts to std::string if needed.
class CellText : public std::string_view {
 public:
  CellText() = default;
  CellText(std::string_view text) : std::string_view(text) {}           // NOLINT: implicit, as a string's
  CellText(const char* text) : std::string_view(text) {}                // NOLINT
  CellText(const std::string& text) : std::string_view(text) {}         // NOLINT
  CellText(std::string&&) = delete;                                     // it would dangle after the statement
  operator std::string() const { return std::string(data(), size()); }  // NOLINT
};

// More columns than this are an error: they are visited for every row.
inline constexpr std::size_t kMaxColumns = 16'384;

// The columns of all rows, in order of first appearance.
class ColumnNames {
 public:
  std::size_t add(std::string name);      // the next column of a header
  std::size_t id(std::string_view name);  // of a JSON key; a new one is added
  std::optional<std::size_t> find(std::string_view name) const;
  const std::vector<std::string>& names() const { return names_; }

 private:
  std::vector<std::string> names_;
  std::map<std::string, std::size_t, std::less<>> ids_;
};

// Bytes that do not move during the arena's lifetime.
class Arena {
 public:
  const char* add(std::string_view bytes);

 private:
  std::vector<std::unique_ptr<char[]>> chunks_;
  std::size_t room_ = 0, next_ = 1 << 12;
  char* at_ = nullptr;
};

enum class CellKind : std::uint8_t {
  kText,
  kJson,    // a number, true, false, null, a list or an object, as JSON text
  kAbsent,  // the row does not have the column
};

struct Cell {
  std::size_t column = 0;
  CellKind kind = CellKind::kAbsent;
  CellText text = {};

  Json json() const;           // the value; null if absent
  bool reads_as_text() const;  // also numbers, true and false: spreadsheets write them like texts
};

class Record {
 public:
  Record() = default;
  Record(const char* bytes, const ColumnNames* names) : bytes_(bytes), names_(names) {}

  const char* bytes() const { return bytes_; }
  std::int64_t line() const;        // where the row starts, 1-based
  std::int64_t index() const;       // 0-based among the rows of the input: headers do not count, empty lines do
  std::vector<Cell> cells() const;  // in the row's own order
  Cell find(std::size_t column) const;
  Cell find(std::string_view name) const;
  bool contains(std::string_view name) const { return find(name).kind != CellKind::kAbsent; }
  std::string_view name(const Cell& cell) const { return names_->names()[cell.column]; }
  Json json() const;  // all columns as an object: the slots of a template

 private:
  const char* bytes_ = nullptr;
  const ColumnNames* names_ = nullptr;
};

// Writes the cells of one row to an arena.
class RecordWriter {
 public:
  explicit RecordWriter(std::int64_t line = 0, std::int64_t index = 0) : line_(line), index_(index) {}
  void add(std::size_t column, CellKind kind, std::string_view text);
  void add(std::size_t column, const Json& value);
  Record finish(Arena& arena, const ColumnNames& names) const;

 private:
  std::int64_t line_, index_;
  std::string cells_;
  std::size_t count_ = 0, previous_ = 0;
};

}  // namespace linnet
