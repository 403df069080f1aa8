#include "linnet/data/rows.h"

#include "linnet/data/cell_rows.h"
#include "linnet/data/json_rows.h"

namespace linnet {
namespace {

class TextRows : public RowReader {
 public:
  TextRows(TextBuffer text, ColumnNames& names) : lines_(std::move(text)), names_(names), column_(names.id("text")) {}

  // Empty lines are rows if a text follows, but not at the end of the file.
  bool next(Arena& arena, RawRow& row) override {
    if (empty_ == 0 && !waiting_) read_on();
    if (empty_ == 0 && !waiting_) return false;
    const bool text = empty_ == 0;
    RecordWriter writer(index_ + 1, index_);
    writer.add(column_, CellKind::kText, text ? std::string_view(line_) : "");
    row = {writer.finish(arena, names_)};
    ++index_;
    if (text)
      waiting_ = false;
    else
      --empty_;
    return true;
  }

 private:
  void read_on() {
    std::int64_t empty = 0;
    for (std::string_view line; lines_.next(line);) {
      if (blank(line)) {
        ++empty;
        continue;
      }
      line_ = line;
      waiting_ = true;
      empty_ = empty;
      return;
    }
    blank_ += empty;
  }

  LineSource lines_;
  ColumnNames& names_;
  std::size_t column_;
  std::string line_;        // the text after the empty lines
  bool waiting_ = false;    // … which was not returned yet
  std::int64_t empty_ = 0;  // empty lines before it that were not returned
  std::int64_t index_ = 0;
};

class JsonLines : public RowReader {
 public:
  JsonLines(TextBuffer text, ColumnNames& names)
      : place_(text.place()), lines_(std::move(text)), names_(names), objects_(names) {}

  bool next(Arena& arena, RawRow& row) override {
    std::string_view line;
    for (;;) {
      if (!lines_.next(line)) return false;
      if (!blank(line)) break;
      ++blank_;
    }
    const std::string place = fmt::format("{}:{}", place_, lines_.line());
    const RecordWriter writer(lines_.line(), lines_.line() - 1);
    try {
      const Json object = parse_json(line, place);
      check(object.is_object(), ErrorKind::kBadInput, "{}: '{}' is not a JSON object; write one {{…}} per line", place,
            printable(line, 60));
      row = {objects_.record(object, writer, arena, place)};
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::kBadInput || objects_.full()) throw;
      row = {writer.finish(arena, names_), fact_of(error, place)};
    }
    return true;
  }

 private:
  std::string place_;
  LineSource lines_;
  ColumnNames& names_;
  ObjectRows objects_;
};

}  // namespace

std::string fact_of(const Error& error, const std::string& place) {
  const std::string_view what = error.what();
  return std::string(what.substr(what.starts_with(place + ": ") ? place.size() + 2 : 0));
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const auto begin = text.find_first_not_of(kBlanks);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

Record ObjectRows::record(const Json& object, RecordWriter writer, Arena& arena, const std::string& place) {
  ++row_;
  for (const auto& [key, value] : object.items()) {
    const std::string_view name = trimmed(key);
    const std::size_t column = names_.id(name);
    check(!full(), ErrorKind::kBadInput, "{}: with this row there are more than {} columns; keep what is needed", place,
          kMaxColumns);
    last_row_.resize(names_.names().size(), 0);
    check(last_row_[column] != row_, ErrorKind::kBadInput, "{}: the key '{}' is there twice; rename one", place,
          printable(name, 60));
    last_row_[column] = row_;
    writer.add(column, value);
  }
  return writer.finish(arena, names_);
}

std::unique_ptr<RowReader> read_rows(TextBuffer text, const DataFormat& format, ColumnNames& names) {
  if (format.name == "txt") return std::make_unique<TextRows>(std::move(text), names);
  if (format.name == "jsonl") return std::make_unique<JsonLines>(std::move(text), names);
  if (format.name == "json") return read_json_rows(std::move(text), names);
  if (format.name == "csv" || format.name == "tsv") return read_cell_rows(std::move(text), format, names);
  fail(ErrorKind::kBadInput, "{}: '{}' is not a format of rows; use txt, jsonl, json, csv or tsv", text.place(),
       printable(format.name, 20));
}

}  // namespace linnet
