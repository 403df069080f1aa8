#include "linnet/data/rows.h"

#include <algorithm>
#include <unordered_set>

#include "linnet/base/error.h"
#include "linnet/data/text_source.h"

namespace linnet {
namespace {

bool blank(std::string_view line) { return line.find_first_not_of(" \t\r") == line.npos; }
bool blank_lines(std::string_view text) { return text.find_first_not_of(" \t\r\n") == text.npos; }
bool full(const Rows& rows, std::int64_t limit) {
  return limit >= 0 && static_cast<std::int64_t>(rows.rows.size()) >= limit;
}

Json parse_object(std::string_view text, std::string_view place, std::int64_t line) {
  const std::string at = fmt::format("{}:{}", place, line);
  Json object = parse_json(text, at);
  check(object.is_object(), ErrorKind::kBadInput, "{}: '{}' is not a JSON object; write one {{…}} a line", at,
        printable(text, 60));
  return object;
}

Rows parse_txt(std::string_view text, std::int64_t limit) {
  Rows rows;
  rows.columns = {"text"};
  LineReader lines(text.substr(0, text.find_last_not_of(" \t\r\n") + 1));  // empty lines at the end are not rows
  for (std::string_view line; !full(rows, limit) && lines.next(line);)
    rows.rows.push_back({Json{{"text", std::string(line)}}, lines.line(), lines.line() - 1});
  return rows;
}

Rows parse_jsonl(std::string_view text, std::string_view place, std::int64_t limit) {
  Rows rows;
  rows.typed = true;
  LineReader lines(text);
  for (std::string_view line; !full(rows, limit) && lines.next(line);) {
    if (blank(line)) {
      ++rows.blank;
    } else {
      rows.rows.push_back({parse_object(line, place, lines.line()), lines.line(), lines.line() - 1});
    }
  }
  return rows;
}

// The lines on which the elements of a top-level array begin.
std::vector<std::int64_t> element_lines(std::string_view text) {
  std::vector<std::int64_t> starts;
  std::int64_t line = 1;
  int depth = 0;
  bool in_string = false, fresh = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    line += c == '\n';
    if (in_string) {
      i += c == '\\';
      in_string = c != '"';
      continue;
    }
    if (depth == 1 && fresh && !blank(text.substr(i, 1)) && c != '\n' && c != ']') {
      starts.push_back(line);
      fresh = false;
    }
    if (c == '"') in_string = true;
    if (c == '[' || c == '{') fresh = ++depth == 1;
    if (c == ']' || c == '}') --depth;
    if (c == ',' && depth == 1) fresh = true;
  }
  return starts;
}

// SQuAD's file: {"data": [{"paragraphs": [{"context", "qas": [{"question", "answers"}]}]}]}, or {"data": [rows]}.
void add_squad(Rows& rows, const Json& data, std::int64_t limit) {
  for (const Json& article : data) {
    if (!article.is_object() || !article.contains("paragraphs")) {
      if (!full(rows, limit)) rows.rows.push_back({article, 1});
      continue;
    }
    for (const Json& paragraph : article.at("paragraphs")) {
      if (!paragraph.is_object() || !paragraph.contains("qas")) continue;
      for (const Json& question : paragraph.at("qas")) {
        if (full(rows, limit)) return;
        Json row = question;
        if (row.is_object()) row["context"] = paragraph.value("context", Json());
        rows.rows.push_back({std::move(row), 1});
      }
    }
  }
}

Rows parse_json_file(std::string_view text, std::string_view place, std::int64_t limit) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first != text.npos && text[first] == '{') {
    const auto end = text.find('\n');
    const bool one_line_objects = end != text.npos && Json::accept(text.substr(0, end));
    if (one_line_objects && !blank(text.substr(end))) return parse_jsonl(text, place, limit);
  }
  Rows rows;
  rows.typed = true;
  Json all = parse_json(text, place);
  if (all.is_object() && all.contains("data") && all.at("data").is_array()) {
    add_squad(rows, all.at("data"), limit);
  } else if (all.is_array()) {
    const auto lines = element_lines(text);
    for (std::size_t i = 0; i < all.size() && !full(rows, limit); ++i)
      rows.rows.push_back({std::move(all[i]), i < lines.size() ? lines[i] : 1});
  } else {
    rows.rows.push_back({std::move(all), 1});
  }
  for (std::size_t i = 0; i < rows.rows.size(); ++i) rows.rows[i].index = static_cast<std::int64_t>(i);
  for (const Row& row : rows.rows)
    check(row.object.is_object(), ErrorKind::kBadInput, "{}:{}: {} is not a JSON object", place, row.line,
          printable(dump_json(row.object), 60));
  return rows;
}

void check_columns(const std::vector<std::string>& columns, std::string_view place, std::int64_t line) {
  std::unordered_set<std::string> seen;
  for (const std::string& column : columns)
    check(column.empty() || seen.insert(column).second, ErrorKind::kBadInput,
          "{}:{}: the column '{}' stands twice; rename one", place, line, printable(column, 60));
}

Rows parse_cells(std::string_view text, char separator, std::string_view place, std::int64_t limit) {
  Rows rows;
  CellReader reader(text, separator, place);
  std::vector<std::string> columns, cells;
  while (reader.next(columns, 0) && reader.empty_line()) ++rows.blank;
  check_columns(columns, place, reader.line());
  for (std::int64_t index = 0; !full(rows, limit) && reader.next(cells, columns.size()); ++index) {
    // Where there is one column an empty line is its empty cell.
    if (reader.empty_line() && (columns.size() > 1 || reader.ended())) {
      ++rows.blank;
      continue;
    }
    check(cells.size() == columns.size(), ErrorKind::kBadInput,
          "{}:{}: {} cells, the first line has {} columns (the row begins '{}')", place, reader.line(), cells.size(),
          columns.size(), printable(cells[0], 40));
    Json object = Json::object();
    for (std::size_t i = 0; i < cells.size(); ++i)
      if (!columns[i].empty()) object[columns[i]] = std::move(cells[i]);
    rows.rows.push_back({std::move(object), reader.line(), index});
  }
  rows.columns = std::move(columns);
  return rows;
}

}  // namespace

// A record with its quotes taken away.
std::string CellReader::quoted_record(std::vector<std::string>& cells) {
  cells.assign(1, {});
  for (;;) {
    std::string& cell = cells.back();
    if (at_ < text_.size() && text_[at_] == '"') {
      for (++at_;; ++at_) {
        if (at_ >= text_.size()) return "a quote '\"' is not closed";
        line_ += text_[at_] == '\n';
        if (text_[at_] != '"') {
          cell += text_[at_];
        } else if (at_ + 1 < text_.size() && text_[at_ + 1] == '"') {
          cell += text_[at_++];
        } else {
          break;
        }
      }
      ++at_;
      const bool ends =
          at_ >= text_.size() || text_[at_] == separator_ || text_[at_] == '\n' || text_.substr(at_, 2) == "\r\n";
      if (!ends) return fmt::format("text follows the closing quote of a cell ('{}')", printable(cell, 40));
    } else {
      const auto end = std::min(text_.find_first_of(separator_ == '\t' ? "\t\n" : ",\n", at_), text_.size());
      cell = text_.substr(at_, end - at_);
      if (cell.ends_with('\r') && (end == text_.size() || text_[end] == '\n')) cell.pop_back();
      at_ = end;
    }
    if (text_.substr(at_, 2) == "\r\n") ++at_;
    if (at_ >= text_.size()) return "";
    if (text_[at_++] == '\n') {
      ++line_;
      return "";
    }
    cells.emplace_back();
  }
}

// One line, cut at the separators.
void CellReader::plain_record(std::vector<std::string>& cells) {
  const auto end = std::min(text_.find('\n', at_), text_.size());
  std::string_view line = text_.substr(at_, end - at_);
  if (line.ends_with('\r')) line.remove_suffix(1);
  cells.clear();
  for (;;) {
    const auto cut = line.find(separator_);
    cells.emplace_back(line.substr(0, cut));
    if (cut == line.npos) break;
    line.remove_prefix(cut + 1);
  }
  at_ = std::min(end + 1, text_.size());
  ++line_;
}

bool CellReader::ended() const { return blank_lines(text_.substr(at_)); }

bool CellReader::next(std::vector<std::string>& cells, std::size_t columns) {
  if (at_ >= text_.size()) return false;
  record_line_ = line_;
  const std::size_t begin = at_;
  const std::string wrong = quoted_record(cells);
  empty_line_ = blank_lines(text_.substr(begin, at_ - begin));
  const bool fits = wrong.empty() && (columns == 0 || cells.size() == columns);
  if (fits) return true;
  if (separator_ == '\t') {
    const std::size_t quoted_end = at_;
    const std::int64_t quoted_line = line_;
    std::vector<std::string> quoted = std::move(cells);
    at_ = begin;
    line_ = record_line_;
    plain_record(cells);
    if (!wrong.empty() || cells.size() == columns) return true;
    cells = std::move(quoted);
    at_ = quoted_end;
    line_ = quoted_line;
    return true;
  }
  check(wrong.empty(), ErrorKind::kBadInput, "{}:{}: {}; quotes inside a cell are doubled", place_, record_line_,
        wrong);
  return true;
}

Rows parse_rows(std::string_view text, std::string_view format, std::string_view place, std::int64_t limit) {
  if (format == "txt") return parse_txt(text, limit);
  if (format == "jsonl" || format == "ndjson") return parse_jsonl(text, place, limit);
  if (format == "json") return parse_json_file(text, place, limit);
  if (format == "csv") return parse_cells(text, ',', place, limit);
  if (format == "tsv") return parse_cells(text, '\t', place, limit);
  check(!format.empty(), ErrorKind::kBadInput,
        "{}: its name does not say what it holds; end it in .jsonl, .json, .csv, .tsv or .txt", place);
  fail(ErrorKind::kBadInput,
       "{}: files that end in '.{}' cannot be read as data; use .jsonl, .json, .csv, .tsv or .txt", place,
       printable(format, 20));
}

}  // namespace linnet
