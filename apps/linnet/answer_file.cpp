#include "answer_file.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "linnet/base/error.h"
#include "linnet/base/log.h"

namespace linnet::app {

namespace {

constexpr char kLines = '\0';  // JSON lines have no separator

std::optional<char> separator_of(const std::filesystem::path& file) {
  const std::string ending = file.extension().string();
  if (ending == ".csv") return ',';
  if (ending == ".tsv") return '\t';
  if (ending == ".jsonl") return kLines;
  return std::nullopt;
}

bool has(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// RFC 4180: quotes cells with separators, quotes or line ends; doubles inner quotes.
std::string delimited(std::string_view cell, char separator) {
  const std::string special{separator, '"', '\n', '\r'};
  const bool blank_end = !cell.empty() && (cell.front() == ' ' || cell.back() == ' ');
  if (cell.find_first_of(special) == cell.npos && !blank_end) return std::string(cell);
  std::string text = "\"";
  for (const char c : cell) text += c == '"' ? std::string("\"\"") : std::string(1, c);
  return text + '"';
}

std::string cell_text(const Json& value) {
  if (value.is_null()) return "";
  return value.is_string() ? value.get<std::string>() : dump_json(value);
}

}  // namespace

void check_answer_file_name(const std::filesystem::path& file) {
  check(separator_of(file).has_value(),
        "--output {}: its ending does not name a format; end it in .csv, .tsv or .jsonl", file.string());
}

AnswerFile::AnswerFile(const std::filesystem::path& file, std::vector<std::string> columns,
                       std::vector<std::string> answer)
    : file_((check_answer_file_name(file), file)),
      separator_(*separator_of(file)),
      columns_(std::move(columns)),
      answer_(std::move(answer)) {
  for (std::string& name : answer_) {
    if (!has(columns_, name)) continue;
    const std::string other = "predicted_" + name;
    check(!has(columns_, other) && !has(answer_, other), ErrorKind::kBadInput,
          "the input has the columns '{}' and '{}' already; rename one of them, so that the answer can be joined", name,
          other);
    note("{}: the input has a column '{}'; the answer's is '{}'", file.string(), name, other);
    name = other;
  }
  if (separator_ == kLines) return;
  std::vector<Json> names(columns_.begin(), columns_.end());
  names.insert(names.end(), answer_.begin(), answer_.end());
  write_cells(names);
}

void AnswerFile::write_cells(std::span<const Json> cells) {
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (i > 0) line += separator_;
    line += delimited(cell_text(cells[i]), separator_);
  }
  file_.write(line + "\n");
}

void AnswerFile::add(const Json& row, std::span<const Json> cells, std::string_view place) {
  LINNET_ASSERT(cells.empty() || cells.size() == answer_.size());
  LINNET_ASSERT(row.is_object());
  for (const auto& [name, value] : row.items())
    check(has(columns_, name), ErrorKind::kBadInput,
          "{}: the row has a column '{}', which the first rows lack, and the heading is written; leave out --stream",
          place, printable(name, 60));
  if (separator_ == kLines) {
    Json object = row;
    for (std::size_t i = 0; i < answer_.size(); ++i) object[answer_[i]] = cells.empty() ? Json() : cells[i];
    return file_.write(dump_json(object) + "\n");
  }
  std::vector<Json> all;
  for (const std::string& name : columns_) all.push_back(row.contains(name) ? row[name] : Json());
  all.insert(all.end(), cells.begin(), cells.end());
  all.resize(columns_.size() + answer_.size());
  write_cells(all);
}

void AnswerFile::commit() { file_.commit(); }

}  // namespace linnet::app
