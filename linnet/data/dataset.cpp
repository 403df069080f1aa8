#include "linnet/data/dataset.h"

#include <algorithm>

#include "linnet/base/error.h"
#include "linnet/data/columns.h"
#include "linnet/data/format.h"
#include "linnet/data/labels.h"
#include "linnet/data/rows.h"

namespace linnet {
namespace {

void read_label_column(Dataset& data, const Columns& columns, const ColumnNames& names, const ReadOptions& options) {
  const bool tokens = columns.shape == DataShape::kTokens;
  const std::string& name = tokens ? columns.tags : columns.label;
  const auto column = name.empty() ? std::nullopt : names.find(name);
  if (!column || options.labels == Labels::kIgnored) return;
  if (tokens)
    read_tags(data, *column, options);
  else
    read_labels(data, *column, options);
}

// An empty line of a .txt, or an empty row of one column.
bool dropped(const RawRow& row, const ReadOptions& options) {
  if (options.empty_lines == EmptyLines::kRows) return false;
  const std::vector<Cell> cells = row.record.cells();
  return cells.size() == 1 && cells[0].kind == CellKind::kText && blank(cells[0].text);
}

// Reads the next row. An unreadable one is an error, unless such rows are kept.
bool next_row(RowReader& rows, Arena& arena, RawRow& row, const std::string& place, const ReadOptions& options) {
  if (!rows.next(arena, row)) return false;
  check(row.fault.empty() || options.faulty_rows == FaultyRows::kKept, ErrorKind::kBadInput, "{}:{}: {}", place,
        row.record.line(), row.fault);
  return true;
}

Dataset dataset_in(const std::shared_ptr<RowStore>& store, std::string place, const DataFormat& format) {
  Dataset data;
  data.file = std::move(place);
  data.format = format.name;
  data.delimiter = format.delimiter;
  data.examples = Examples(store);
  return data;
}

void add_row(Dataset& data, const RawRow& row) {
  check(data.examples.size() < kMaxRows, ErrorKind::kBadInput, "{}:{}: there are more than {} rows; split the file",
        data.file, row.record.line(), kMaxRows);
  if (!row.fault.empty()) data.faults[data.examples.size()] = row.fault;
  data.examples.add(row.record);
}

void read_texts(Dataset& data, std::size_t index, const Columns& columns, const std::string& place) {
  const Example example = data.examples[index];
  check_texts(example, columns, place);
  if (!columns.both_texts_in_one()) return;
  const auto [source, target] = both_texts(example.row, columns, place);
  data.examples.set_texts(index, source, target);
}

// Interprets the columns of rows that have been read.
void read_columns(Dataset& data, RowStore& store, const ReadOptions& options) {
  data.columns = store.names->names();
  const bool readable = data.faults.size() < data.examples.size();
  if (readable) store.columns = find_columns(data.columns, options, data.place(0));
  const Columns& columns = store.columns;
  data.shape = columns.shape;
  data.has_pairs = !columns.text_pair.empty();
  for (const std::string& name : data.columns)
    if (!columns.uses(name)) data.unused_columns.push_back(name);
  for (std::size_t i = 0; i < data.examples.size(); ++i) {
    if (data.faults.contains(i)) continue;
    const std::string place = data.place(i);
    try {
      read_texts(data, i, columns, place);
    } catch (const Error& error) {
      if (options.faulty_rows == FaultyRows::kRefused || error.kind() != ErrorKind::kBadInput) throw;
      data.faults[i] = fact_of(error, place);
    }
  }
  read_label_column(data, columns, *store.names, options);
}

Dataset read_all(TextBuffer text, const DataFormat& format, const ReadOptions& options) {
  const auto names = std::make_shared<ColumnNames>();
  const auto store = std::make_shared<RowStore>();
  store->names = names;
  Dataset data = dataset_in(store, text.place(), format);
  const auto reader = read_rows(std::move(text), format, *names);
  for (RawRow row; (options.limit < 0 || static_cast<std::int64_t>(data.examples.size()) < options.limit) &&
                   next_row(*reader, store->arena, row, data.file, options);) {
    if (dropped(row, options))
      ++data.blank_rows;
    else
      add_row(data, row);
  }
  check(!data.examples.empty(), ErrorKind::kBadInput, "{}:1: there are no rows in it; give a file that has some",
        data.file);
  data.blank_rows += reader->blank_lines();
  read_columns(data, *store, options);
  return data;
}

std::string place_of(const std::filesystem::path& file) { return file == "-" ? "stdin" : file.string(); }

}  // namespace

std::string Dataset::place(std::size_t index) const {
  return fmt::format("{}:{}", file, examples.record(index).line());
}

Dataset dataset_of(const std::vector<std::string>& texts, std::string place) {
  const auto names = std::make_shared<ColumnNames>();
  const std::size_t column = names->id("text");
  const auto store = std::make_shared<RowStore>();
  store->names = names;
  store->columns.text = "text";
  Dataset data = dataset_in(store, std::move(place), {});
  data.columns = store->names->names();
  for (const std::string& text : texts) {
    const auto index = static_cast<std::int64_t>(data.examples.size());
    RecordWriter writer(index + 1, index);
    writer.add(column, CellKind::kText, text);
    data.examples.add(writer.finish(store->arena, *store->names));
  }
  return data;
}

Dataset parse_dataset(std::string_view text, std::string_view format, std::string place, const ReadOptions& options) {
  check(!format.empty(), ErrorKind::kBadInput, "{}: its format is not given; use jsonl, json, csv, tsv or txt", place);
  const DataFormat named = format_named(format, place, options);
  return read_all(TextBuffer(bytes_of(text), std::move(place)), named, options);
}

Dataset read_dataset(const std::filesystem::path& file, const ReadOptions& options) {
  TextBuffer text(open_bytes(file), place_of(file));
  const DataFormat format = find_format(file, text, options);
  return read_all(std::move(text), format, options);
}

struct RowStream::State {
  ReadOptions options;
  std::string place;
  DataFormat format;
  ColumnNames names;                             // names of the reader
  std::shared_ptr<const ColumnNames> names_now;  // a copy that rows share: another thread may use them
  std::unique_ptr<RowReader> rows;
};

RowStream::RowStream(const std::filesystem::path& file, const ReadOptions& options)
    : state_(std::make_unique<State>()) {
  TextBuffer text(open_bytes(file), place_of(file));
  state_->options = options;
  if (options.label_names.empty()) state_->options.labels = Labels::kIgnored;
  state_->place = text.place();
  state_->format = find_format(file, text, options);
  state_->rows = read_rows(std::move(text), state_->format, state_->names);
}
RowStream::~RowStream() = default;
RowStream::RowStream(RowStream&&) noexcept = default;
RowStream& RowStream::operator=(RowStream&&) noexcept = default;

std::optional<Dataset> RowStream::next() {
  State& s = *state_;
  const auto store = std::make_shared<RowStore>();
  RawRow row;
  if (!next_row(*s.rows, store->arena, row, s.place, s.options)) return std::nullopt;
  if (!s.names_now || s.names_now->names().size() != s.names.names().size())
    s.names_now = std::make_shared<ColumnNames>(s.names);
  store->names = s.names_now;
  // Each line of JSON has its own columns: one without a text does not affect the others.
  if (row.fault.empty() && s.format.name == "jsonl" && s.options.faulty_rows == FaultyRows::kKept) {
    const std::string at = fmt::format("{}:{}", s.place, row.record.line());
    try {
      find_columns(s.names.names(), s.options, at);
    } catch (const Error& error) {
      row.fault = fact_of(error, at);
    }
  }
  Dataset data = dataset_in(store, s.place, s.format);
  add_row(data, row);
  read_columns(data, *store, s.options);
  return data;
}

}  // namespace linnet
