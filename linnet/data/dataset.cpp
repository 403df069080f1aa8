#include "linnet/data/dataset.h"

#include <algorithm>
#include <iterator>

#include "linnet/base/error.h"
#include "linnet/base/utf8.h"
#include "linnet/data/columns.h"
#include "linnet/data/format.h"
#include "linnet/data/labels.h"
#include "linnet/data/rows.h"

namespace linnet {

// Where the bytes of examples are; the names are shared by the rows of a stream.
struct RowStore {
  std::shared_ptr<ColumnNames> names = std::make_shared<ColumnNames>();
  Arena arena;
};

namespace {

// A text; numbers count as their digits, since spreadsheets write them so.
CellText text_cell(const Record& row, const std::string& column, std::string_view place) {
  const Cell cell = row.find(column);
  const bool scalar = cell.kind == CellKind::kJson && cell.text != "null" && cell.text.find_first_of("[{") != 0;
  check(cell.kind == CellKind::kText || scalar, ErrorKind::kBadInput, "{}: '{}' is {}, not a text", place,
        printable(column, 60), cell.kind == CellKind::kAbsent ? Printable("missing") : printable(cell.text, 60));
  return cell.text;
}

const Json kNothing;

const Json& member(const Json& object, const std::string& name) {
  const auto found = object.find(name);
  return found == object.end() ? kNothing : *found;
}

// ShareGPT's {"from","value"} turns become {"role","content"}.
Json normal_turn(const Json& turn) {
  if (!turn.is_object() || turn.contains("role") || !turn.contains("from") || !turn.contains("value")) return turn;
  const Json& from = turn.at("from");
  std::string role = from.is_string() ? from.get<std::string>() : std::string();
  if (role == "human") role = "user";
  if (role == "gpt") role = "assistant";
  return Json{{"role", role}, {"content", turn.at("value")}};
}

Json normal_turns(const Json& turns) {
  Json normal = Json::array();
  for (const Json& turn : turns) normal.push_back(normal_turn(turn));
  return normal;
}

void fill_chat(Example& example, const Columns& columns, std::string_view place) {
  const Cell cell = example.row.find(columns.messages);
  const Json turns = cell.kind == CellKind::kJson ? cell.json() : Json();
  check(turns.is_array() && !turns.empty(), ErrorKind::kBadInput, "{}: '{}' is {}, not a list of turns", place,
        columns.messages, cell.kind == CellKind::kAbsent ? Printable("missing") : printable(cell.text, 60));
  for (const Json& turn : normal_turns(turns))
    check(turn.is_object() && turn.contains("role") && turn.at("role").is_string(), ErrorKind::kBadInput,
          "{}: the turn {} has no 'role'", place, printable(dump_json(turn), 60));
  example.list = cell.text;
}

Answer checked_answer(Answer answer, std::string_view context, std::string_view place) {
  if (answer.start < 0) return answer;
  std::string_view rest = context;
  for (std::int64_t i = 0; i < answer.start && !rest.empty(); ++i) rest.remove_prefix(utf8::decode(rest).length);
  check(rest.starts_with(answer.text), ErrorKind::kBadInput,
        "{}: the answer '{}' is not at character {} of the context", place, printable(answer.text, 60), answer.start);
  return answer;
}

void fill_question(Example& example, const Columns& columns, std::string_view place) {
  example.question = text_cell(example.row, columns.question, place);
  example.context = text_cell(example.row, columns.context, place);
  if (columns.answers.empty()) return;
  const Json answers = example.row.find(columns.answers).json();
  const auto add = [&](const Json& text, const Json& start) {
    check(text.is_string() && (start.is_number_integer() || start.is_null()), ErrorKind::kBadInput,
          "{}: an answer is a text with an integer 'answer_start', not {} at {}", place, printable(dump_json(text), 60),
          printable(dump_json(start), 20));
    const std::int64_t at = start.is_null() ? -1 : start.get<std::int64_t>();
    example.answers.push_back(checked_answer({text.get<std::string>(), at}, example.context, place));
  };
  if (answers.is_string()) {
    if (!answers.get_ref<const std::string&>().empty()) add(answers, kNothing);
  } else if (answers.is_array()) {
    for (const Json& answer : answers) {
      const bool object = answer.is_object();
      add(object ? member(answer, "text") : answer, object ? member(answer, "answer_start") : kNothing);
    }
  } else if (answers.is_object()) {
    const Json &texts = member(answers, "text"), &starts = member(answers, "answer_start");
    check(texts.is_array() && (starts.is_null() || (starts.is_array() && starts.size() == texts.size())),
          ErrorKind::kBadInput, "{}: 'answers' needs as many 'answer_start' as 'text'", place);
    for (std::size_t i = 0; i < texts.size(); ++i) add(texts[i], starts.is_null() ? kNothing : starts[i]);
  } else {
    check(answers.is_null(), ErrorKind::kBadInput, "{}: 'answers' is {}", place, printable(dump_json(answers), 60));
  }
}

void fill_tokens(Example& example, const Columns& columns, std::string_view place) {
  const Cell tokens = example.row.find(columns.tokens);
  const Json list = tokens.json(), tags = example.row.find(columns.tags).json();
  check(list.is_array() && tags.is_array() && list.size() == tags.size(), ErrorKind::kBadInput,
        "{}: '{}' and '{}' are not lists of one length ({} and {})", place, columns.tokens, columns.tags,
        list.is_array() ? list.size() : 0, tags.is_array() ? tags.size() : 0);
  for (const Json& token : list) get_string(token, columns.tokens, place);
  example.list = tokens.text;
}

void fill_sequence(Example& example, const Columns& columns, Arena& arena, std::string_view place) {
  if (!columns.target.empty()) {
    example.text = text_cell(example.row, columns.text, place);
    example.target = text_cell(example.row, columns.target, place);
    return;
  }
  const Json both = example.row.find(columns.text).json();
  check(both.is_object() && both.size() == 2, ErrorKind::kBadInput, "{}: 'translation' is {}, not two languages", place,
        printable(dump_json(both), 60));
  const auto keep = [&](const auto& entry) {
    const std::string text = get_string(*entry, entry.key(), place);
    return std::string_view(arena.add(text), text.size());
  };
  example.text = keep(both.begin());
  example.target = keep(std::next(both.begin()));
}

void fill_texts(Example& example, const Columns& columns, Arena& arena, std::string_view place) {
  switch (columns.shape) {
    case DataShape::kChat:
      return fill_chat(example, columns, place);
    case DataShape::kQuestion:
      return fill_question(example, columns, place);
    case DataShape::kTokens:
      return fill_tokens(example, columns, place);
    case DataShape::kSeq2Seq:
      return fill_sequence(example, columns, arena, place);
    case DataShape::kCompletion:
      example.prompt = text_cell(example.row, columns.prompt, place);
      example.completion = text_cell(example.row, columns.completion, place);
      return;
    default:
      example.text = text_cell(example.row, columns.text, place);
      if (!columns.text_pair.empty()) example.text_pair = text_cell(example.row, columns.text_pair, place);
  }
}

void fill_labels(Dataset& data, const Columns& columns, const ColumnNames& names, const ReadOptions& options) {
  const bool tokens = columns.shape == DataShape::kTokens;
  const std::string& name = tokens ? columns.tags : columns.label;
  const auto column = name.empty() ? std::nullopt : names.find(name);
  if (!column || options.labels == Labels::kIgnored) return;
  if (tokens)
    read_tags(data, *column, options);
  else
    read_labels(data, *column, options);
}

// A line of a .txt, or a row of one column, without a character.
bool dropped(const RawRow& row, const ReadOptions& options) {
  if (options.empty_lines == EmptyLines::kRows) return false;
  const std::vector<Cell> cells = row.record.cells();
  return cells.size() == 1 && cells[0].kind == CellKind::kText && blank(cells[0].text);
}

// The next row. One that cannot be read ends the file, unless such rows are kept.
bool next_row(RowReader& rows, Arena& arena, RawRow& row, const std::string& place, const ReadOptions& options) {
  if (!rows.next(arena, row)) return false;
  check(row.fault.empty() || options.faulty_rows == FaultyRows::kKept, ErrorKind::kBadInput, "{}:{}: {}", place,
        row.line, row.fault);
  return true;
}

// What the columns mean for rows that have been read.
Dataset dataset_of_rows(const std::vector<RawRow>& rows, const std::shared_ptr<RowStore>& store, std::string place,
                        const DataFormat& format, const ReadOptions& options) {
  Dataset data;
  data.file = std::move(place);
  data.store = store;
  data.format = format.name;
  data.delimiter = format.delimiter;
  data.columns = store->names->names();
  const bool readable = std::any_of(rows.begin(), rows.end(), [](const RawRow& row) { return row.fault.empty(); });
  const Columns columns =
      readable ? find_columns(data.columns, options, fmt::format("{}:{}", data.file, rows[0].line)) : Columns();
  data.shape = columns.shape;
  data.has_pairs = !columns.text_pair.empty();
  for (const std::string& name : data.columns)
    if (!columns.uses(name)) data.unused_columns.push_back(name);
  data.examples.reserve(rows.size());
  for (const RawRow& row : rows) {
    Example& example = data.examples.emplace_back();
    example.row = row.record;
    example.line = row.line;
    example.index = row.index;
    if (!row.fault.empty()) {
      data.faults[data.examples.size() - 1] = row.fault;
      continue;
    }
    const std::string at = data.place(data.examples.size() - 1);
    try {
      fill_texts(example, columns, store->arena, at);
    } catch (const Error& error) {
      if (options.faulty_rows == FaultyRows::kRefused || error.kind() != ErrorKind::kBadInput) throw;
      data.faults[data.examples.size() - 1] = fact_of(error, at);
    }
  }
  fill_labels(data, columns, *store->names, options);
  return data;
}

Dataset read_all(TextBuffer text, const DataFormat& format, const ReadOptions& options) {
  const std::string place = text.place();
  const auto store = std::make_shared<RowStore>();
  const auto reader = read_rows(std::move(text), format, *store->names);
  std::vector<RawRow> rows;
  std::int64_t empty = 0;
  for (RawRow row; (options.limit < 0 || static_cast<std::int64_t>(rows.size()) < options.limit) &&
                   next_row(*reader, store->arena, row, place, options);) {
    if (dropped(row, options))
      ++empty;
    else
      rows.push_back(row);
  }
  check(!rows.empty(), ErrorKind::kBadInput, "{}:1: there are no rows in it; give a file that has some", place);
  Dataset data = dataset_of_rows(rows, store, place, format, options);
  data.blank_rows = reader->blank_lines() + empty;
  return data;
}

std::string place_of(const std::filesystem::path& file) { return file == "-" ? "stdin" : file.string(); }

}  // namespace

std::string_view shape_name(DataShape shape) {
  switch (shape) {
    case DataShape::kAuto:
      return "any task";
    case DataShape::kText:
      return "text";
    case DataShape::kClassification:
      return "classification";
    case DataShape::kCompletion:
      return "completion";
    case DataShape::kChat:
      return "chat";
    case DataShape::kSeq2Seq:
      return "sequence to sequence";
    case DataShape::kQuestion:
      return "question answering";
    case DataShape::kTokens:
      return "token classification";
  }
  return "text";
}

std::string Dataset::place(std::size_t index) const { return fmt::format("{}:{}", file, examples[index].line); }

Json Example::messages() const { return list.empty() ? Json() : normal_turns(parse_json(list, "messages")); }

Json Example::tools() const { return row.find("tools").json(); }

std::vector<std::string> Example::tokens() const {
  std::vector<std::string> all;
  if (list.empty()) return all;
  for (const Json& token : parse_json(list, "tokens")) all.push_back(token.get<std::string>());
  return all;
}

Dataset dataset_of(const std::vector<std::string>& texts, std::string place) {
  Dataset data;
  data.file = std::move(place);
  const auto store = std::make_shared<RowStore>();
  const std::size_t column = store->names->id("text");
  data.columns = store->names->names();
  for (const std::string& text : texts) {
    Example& example = data.examples.emplace_back();
    RecordWriter writer;
    writer.add(column, CellKind::kText, text);
    example.row = writer.finish(store->arena, *store->names);
    example.text = example.row.find(column).text;
    example.line = static_cast<std::int64_t>(data.examples.size());
    example.index = example.line - 1;
  }
  data.store = store;
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
  std::shared_ptr<ColumnNames> names = std::make_shared<ColumnNames>();
  std::unique_ptr<RowReader> rows;
};

RowStream::RowStream(const std::filesystem::path& file, const ReadOptions& options)
    : state_(std::make_unique<State>()) {
  TextBuffer text(open_bytes(file), place_of(file));
  state_->options = options;
  if (options.label_names.empty()) state_->options.labels = Labels::kIgnored;
  state_->place = text.place();
  state_->format = find_format(file, text, options);
  state_->rows = read_rows(std::move(text), state_->format, *state_->names);
}
RowStream::~RowStream() = default;
RowStream::RowStream(RowStream&&) noexcept = default;
RowStream& RowStream::operator=(RowStream&&) noexcept = default;

std::optional<Dataset> RowStream::next() {
  const auto store = std::make_shared<RowStore>();
  store->names = state_->names;
  RawRow row;
  if (!next_row(*state_->rows, store->arena, row, state_->place, state_->options)) return std::nullopt;
  // Each line of JSON has columns of its own: one without a text says nothing of the others.
  if (row.fault.empty() && state_->format.name == "jsonl" && state_->options.faulty_rows == FaultyRows::kKept) {
    const std::string at = fmt::format("{}:{}", state_->place, row.line);
    try {
      find_columns(store->names->names(), state_->options, at);
    } catch (const Error& error) {
      row.fault = fact_of(error, at);
    }
  }
  return dataset_of_rows({row}, store, state_->place, state_->format, state_->options);
}

}  // namespace linnet
