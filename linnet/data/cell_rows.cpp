#include "linnet/data/cell_rows.h"

#include <algorithm>
#include <array>
#include <unordered_set>
#include <utility>

#include "linnet/base/error.h"

namespace linnet {
namespace {

using State = CutRow::State;

// Bytes of a tab-separated line that are searched for a closing quote: without one, the line has no quoting.
constexpr std::size_t kQuotedTabs = std::size_t{1} << 20;

struct RowEnd {
  std::size_t length = 0;  // of the line end; 0: there is none
  bool open = false;       // "\r" at the end of the available text
};

RowEnd row_end(std::string_view text, std::size_t at, bool last) {
  if (at >= text.size()) return {};
  if (text[at] == '\n') return {1};
  if (text[at] != '\r') return {};
  if (at + 1 == text.size()) return {1, !last};
  return {text[at + 1] == '\n' ? std::size_t{2} : std::size_t{1}};
}

// Reads a quoted cell whose text begins at `at`; moves `at` past the closing quote. Returns false if there is none.
bool take_quoted(std::string_view text, std::size_t& at, std::string& cell) {
  for (;;) {
    const auto quote = text.find('"', at);
    if (quote == text.npos) return false;
    cell.append(text, at, quote - at);
    at = quote + 1;
    if (at >= text.size() || text[at] != '"') return true;
    cell += '"';
    ++at;
  }
}

// Splits one line at the delimiters.
CutRow cut_plain_row(std::string_view text, char delimiter, bool last, std::vector<std::string>& cells) {
  const auto end = std::min(text.find_first_of("\r\n"), text.size());
  const RowEnd ends = row_end(text, end, last);
  if ((end == text.size() && !last) || ends.open) return {};
  cells.clear();
  for (std::string_view line = text.substr(0, end);;) {
    const auto cut = line.find(delimiter);
    cells.emplace_back(line.substr(0, cut));
    if (cut == line.npos) break;
    line.remove_prefix(cut + 1);
  }
  return {State::kRow, end + ends.length};
}

class CellRows : public RowReader {
 public:
  CellRows(TextBuffer text, const DataFormat& format, ColumnNames& names)
      : reader_(std::move(text), format.delimiter), names_(names), header_(format.header) {}

  bool next(Arena& arena, RawRow& row) override {
    if (!begun_) begin();
    if (empty_ == 0 && !waiting_) read_on();
    if (empty_ == 0 && !waiting_) return false;
    RecordWriter writer(reader_.line() - empty_, index_++);
    if (empty_ > 0)
      writer.add(0, CellKind::kText, "");
    else if (fault_.empty())
      for (std::size_t i = 0; i < cells_.size(); ++i) writer.add(i, CellKind::kText, cells_[i]);
    row = {writer.finish(arena, names_), empty_ > 0 ? std::string() : std::exchange(fault_, {})};
    if (empty_ > 0)
      --empty_;
    else
      waiting_ = false;
    return true;
  }

 private:
  void begin() {
    begun_ = true;
    while (reader_.next(cells_, 0)) {
      if (reader_.empty_line() && (header_ || cells_.size() > 1)) {
        ++blank_;
        continue;
      }
      check(cells_.size() <= kMaxColumns, ErrorKind::kBadInput,
            "{}:{}: there are {} columns, more than {}; keep what is needed", reader_.place(), reader_.line(),
            cells_.size(), kMaxColumns);
      std::unordered_set<std::string_view> seen;
      for (const std::string& cell : cells_) {
        const std::string_view name = trimmed(cell);
        check(!header_ || name.empty() || seen.insert(name).second, ErrorKind::kBadInput,
              "{}:{}: the column '{}' is there twice; rename one", reader_.place(), reader_.line(),
              printable(name, 60));
      }
      for (std::size_t i = 0; i < cells_.size(); ++i) {
        const std::string_view name = header_ ? trimmed(cells_[i]) : std::string_view();
        std::string by_place = fmt::format("column{}", i + 1);  // pandas writes its index without a column name
        while (header_ && seen.contains(by_place)) by_place += '_';
        names_.add(name.empty() ? std::move(by_place) : std::string(name));
      }
      waiting_ = !header_;
      return;
    }
  }

  // Reads the next row with text, and with one column counts the empty cells before it.
  void read_on() {
    const std::size_t columns = names_.names().size();
    std::int64_t empty = 0;
    while (reader_.next(cells_, columns)) {
      if (!reader_.empty_line()) {
        if (cells_.size() != columns)
          fault_ = fmt::format(
              "{} cells, the first line has {} columns (the row begins '{}'); quote cells that hold the delimiter",
              cells_.size(), columns, printable(cells_[0], 40));
        // An unclosed quote may have included other rows in this one.
        check(fault_.empty() || reader_.one_line(), ErrorKind::kBadInput, "{}:{}: {}", reader_.place(), reader_.line(),
              fault_);
        waiting_ = true;
        empty_ = empty;
        return;
      }
      if (columns == 1) {
        ++empty;
      } else {
        ++blank_;
        ++index_;
      }
    }
    blank_ += empty;
  }

  CellReader reader_;
  ColumnNames& names_;
  bool header_, begun_ = false;
  std::vector<std::string> cells_;
  std::string fault_;       // error of the row in cells_
  bool waiting_ = false;    // cells_ were not returned yet
  std::int64_t empty_ = 0;  // nor this number of empty cells before them
  std::int64_t index_ = 0;
};

}  // namespace

CutRow cut_quoted_row(std::string_view text, char delimiter, bool last, std::vector<std::string>& cells) {
  const std::array<char, 3> stops{delimiter, '\n', '\r'};
  cells.clear();
  for (std::size_t at = 0;;) {
    std::string& cell = cells.emplace_back();
    if (at < text.size() && text[at] == '"') {
      ++at;
      if (!take_quoted(text, at, cell)) return {last ? State::kBroken : State::kOpen, 0, "a quote '\"' is not closed"};
      if (at == text.size() && !last) return {};  // a second quote may follow
      const bool ends = at == text.size() || std::find(stops.begin(), stops.end(), text[at]) != stops.end();
      if (!ends) return {State::kBroken, 0, "text follows the closing quote of a cell"};
    } else {
      const auto end = std::min(text.find_first_of(stops.data(), at, stops.size()), text.size());
      cell = text.substr(at, end - at);
      at = end;
    }
    if (at == text.size()) return {last ? State::kRow : State::kOpen, at};
    if (text[at] != delimiter) {
      const RowEnd end = row_end(text, at, last);
      return {end.open ? State::kOpen : State::kRow, at + end.length};
    }
    ++at;
  }
}

CutRow cut_row(std::string_view text, char delimiter, bool last, std::size_t columns, std::vector<std::string>& cells) {
  CutRow cut = cut_quoted_row(text, delimiter, last, cells);
  if (delimiter != '\t') return cut;
  if (cut.state == State::kOpen && text.size() > kQuotedTabs) cut.state = State::kBroken;
  const bool fits = cut.state == State::kRow && (columns == 0 || cells.size() == columns);
  if (fits || cut.state == State::kOpen) return cut;
  std::vector<std::string> plain;
  const CutRow line = cut_plain_row(text, delimiter, last, plain);
  const bool better = cut.state == State::kBroken || plain.size() == columns;
  if (line.state == State::kOpen) return line;
  if (line.state != State::kRow || !better) return cut;
  cells = std::move(plain);
  return line;
}

bool CellReader::next(std::vector<std::string>& cells, std::size_t columns) {
  for (;;) {
    const std::string_view text = text_.view();
    const bool last = text_.ended();
    if (text.empty() && last) return false;
    const CutRow cut = cut_row(text, delimiter_, last, columns, cells);
    check(cut.state != State::kBroken, ErrorKind::kBadInput, "{}:{}: {}{}; quotes inside a cell are doubled", place(),
          line_, cut.wrong, cells.empty() ? Printable() : format_printable(" ('{}')", printable(cells.back(), 40)));
    if (cut.state == State::kOpen) {
      check(text.size() <= kMaxRowBytes, ErrorKind::kBadInput,
            "{}:{}: the row is longer than {} bytes; split it, or close a quote that was left open", place(), line_,
            kMaxRowBytes);
      text_.more();
      continue;
    }
    const std::string_view row = text.substr(0, cut.used);
    check_utf8(row, place(), line_);
    row_line_ = line_;
    empty_line_ = cells.size() == 1 && blank(row);
    for (std::size_t i = 0; i < row.size(); ++i)
      line_ += row[i] == '\n' || (row[i] == '\r' && (i + 1 == row.size() || row[i + 1] != '\n'));
    text_.skip(cut.used);
    return true;
  }
}

std::unique_ptr<RowReader> read_cell_rows(TextBuffer text, const DataFormat& format, ColumnNames& names) {
  return std::make_unique<CellRows>(std::move(text), format, names);
}

}  // namespace linnet
