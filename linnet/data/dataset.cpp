#include "linnet/data/dataset.h"

#include <iostream>
#include <iterator>
#include <memory>
#include <unordered_set>

#include "linnet/base/error.h"
#include "linnet/base/utf8.h"
#include "linnet/data/columns.h"
#include "linnet/data/labels.h"
#include "linnet/data/rows.h"
#include "linnet/data/text_source.h"

namespace linnet {
namespace {

const Json kNothing;

const Json& cell(const Json& row, const std::string& column) {
  const auto found = row.find(column);
  return found == row.end() ? kNothing : *found;
}

// A text; numbers count as their digits, since spreadsheets write them so.
std::string text_cell(const Json& row, const std::string& column, std::string_view place) {
  const Json& value = cell(row, column);
  if (value.is_string()) return value.get<std::string>();
  check(value.is_number() || value.is_boolean(), ErrorKind::kBadInput, "{}: '{}' is {}, not a text", place,
        printable(column, 60), row.contains(column) ? printable(dump_json(value), 60) : "missing");
  return dump_json(value);
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

void fill_chat(Example& example, const Columns& columns, std::string_view place) {
  const Json& turns = cell(example.row, columns.messages);
  check(turns.is_array() && !turns.empty(), ErrorKind::kBadInput, "{}: '{}' is {}, not a list of turns", place,
        columns.messages, printable(dump_json(turns), 60));
  example.messages = Json::array();
  for (const Json& turn : turns) {
    example.messages.push_back(normal_turn(turn));
    const Json& last = example.messages.back();
    check(last.is_object() && last.contains("role") && last.at("role").is_string(), ErrorKind::kBadInput,
          "{}: the turn {} has no 'role'", place, printable(dump_json(turn), 60));
  }
  example.tools = cell(example.row, "tools");
}

Answer checked_answer(Answer answer, const std::string& context, std::string_view place) {
  if (answer.start < 0) return answer;
  std::string_view rest = context;
  for (std::int64_t i = 0; i < answer.start && !rest.empty(); ++i) rest.remove_prefix(utf8::decode(rest).length);
  check(rest.starts_with(answer.text), ErrorKind::kBadInput,
        "{}: the answer '{}' does not stand at character {} of the context", place, printable(answer.text, 60),
        answer.start);
  return answer;
}

void fill_question(Example& example, const Columns& columns, std::string_view place) {
  example.question = text_cell(example.row, columns.question, place);
  example.context = text_cell(example.row, columns.context, place);
  if (columns.answers.empty()) return;
  const Json& answers = cell(example.row, columns.answers);
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
      add(object ? cell(answer, "text") : answer, object ? cell(answer, "answer_start") : kNothing);
    }
  } else if (answers.is_object()) {
    const Json &texts = cell(answers, "text"), &starts = cell(answers, "answer_start");
    check(texts.is_array() && (starts.is_null() || (starts.is_array() && starts.size() == texts.size())),
          ErrorKind::kBadInput, "{}: 'answers' needs as many 'answer_start' as 'text'", place);
    for (std::size_t i = 0; i < texts.size(); ++i) add(texts[i], starts.is_null() ? kNothing : starts[i]);
  } else {
    check(answers.is_null(), ErrorKind::kBadInput, "{}: 'answers' is {}", place, printable(dump_json(answers), 60));
  }
}

void fill_tokens(Example& example, const Columns& columns, std::string_view place) {
  const Json &tokens = cell(example.row, columns.tokens), &tags = cell(example.row, columns.tags);
  check(tokens.is_array() && tags.is_array() && tokens.size() == tags.size(), ErrorKind::kBadInput,
        "{}: '{}' and '{}' are not lists of one length ({} and {})", place, columns.tokens, columns.tags,
        tokens.is_array() ? tokens.size() : 0, tags.is_array() ? tags.size() : 0);
  for (const Json& token : tokens) example.tokens.push_back(get_string(token, columns.tokens, place));
}

void fill_sequence(Example& example, const Columns& columns, std::string_view place) {
  if (!columns.translation) {
    example.text = text_cell(example.row, columns.text, place);
    example.target = text_cell(example.row, columns.target, place);
    return;
  }
  const Json& both = cell(example.row, columns.text);
  check(both.is_object() && both.size() == 2, ErrorKind::kBadInput, "{}: 'translation' is {}, not two languages", place,
        printable(dump_json(both), 60));
  example.text = get_string(*both.begin(), both.begin().key(), place);
  example.target = get_string(*std::next(both.begin()), std::next(both.begin()).key(), place);
}

void fill_texts(Example& example, const Columns& columns, std::string_view place) {
  switch (columns.shape) {
    case DataShape::kChat:
      return fill_chat(example, columns, place);
    case DataShape::kQuestion:
      return fill_question(example, columns, place);
    case DataShape::kTokens:
      return fill_tokens(example, columns, place);
    case DataShape::kSeq2Seq:
      return fill_sequence(example, columns, place);
    case DataShape::kCompletion:
      example.prompt = text_cell(example.row, columns.prompt, place);
      example.completion = text_cell(example.row, columns.completion, place);
      return;
    default:
      example.text = text_cell(example.row, columns.text, place);
      if (!columns.text_pair.empty()) example.text_pair = text_cell(example.row, columns.text_pair, place);
  }
}

void fill_labels(Dataset& data, const Columns& columns, const ReadOptions& options) {
  const std::string& column = columns.shape == DataShape::kTokens ? columns.tags : columns.label;
  if (column.empty()) return;
  std::vector<const Json*> values;
  for (const Example& example : data.examples) values.push_back(&cell(example.row, column));
  const bool tokens = columns.shape == DataShape::kTokens;
  data.label_kind = tokens                                   ? LabelKind::kClass
                    : options.label_kind != LabelKind::kNone ? options.label_kind
                                                             : guess_label_kind(values);
  if (data.label_kind == LabelKind::kNone && options.labels != Labels::kRequired) return;
  std::vector<Json> lists;  // multi-label cells, cut into their labels
  if (data.label_kind == LabelKind::kMulti) {
    lists.reserve(values.size());
    for (const Json*& value : values) value = &lists.emplace_back(label_list(*value));
  }
  const LabelTable table(options.label_names,
                         data.label_kind == LabelKind::kValue ? std::vector<const Json*>() : values);
  if (data.label_kind != LabelKind::kValue) data.label_names = table.names();
  for (std::size_t i = 0; i < data.examples.size(); ++i) {
    Example& example = data.examples[i];
    const std::string place = data.place(i);
    if (tokens) {
      for (const Json& tag : *values[i]) example.tags.push_back(table.id(tag, place));
    } else if (no_label(*values[i])) {
      check(options.labels != Labels::kRequired, ErrorKind::kBadInput, "{}: the row has no '{}'", place,
            printable(column, 60));
    } else if (data.label_kind == LabelKind::kMulti) {
      for (const Json& label : *values[i]) example.labels.push_back(table.id(label, place));
    } else if (data.label_kind == LabelKind::kValue) {
      example.value = label_value(*values[i], place);
    } else {
      example.label = table.id(*values[i], place);
    }
  }
}

// The keys of all rows, as they first appear.
std::vector<std::string> union_of_columns(const std::vector<Row>& rows) {
  std::vector<std::string> columns;
  std::unordered_set<std::string_view> seen;
  for (const Row& row : rows)
    for (const auto& [name, value] : row.object.items())
      if (seen.insert(name).second) columns.push_back(name);
  return columns;
}

// A line of a .txt without a character.
bool dropped(const Row& row, const ReadOptions& options) {
  if (options.empty_lines == EmptyLines::kRows || row.object.size() != 1) return false;
  const auto text = row.object.find("text");
  return text != row.object.end() && text->is_string() &&
         text->get_ref<const std::string&>().find_first_not_of(" \t\r") == std::string::npos;
}

Dataset from_rows(Rows rows, std::string place, const ReadOptions& options) {
  Dataset data;
  data.file = std::move(place);
  data.blank_rows = rows.blank;
  if (rows.columns.empty()) rows.columns = union_of_columns(rows.rows);
  data.columns = std::move(rows.columns);
  data.blank_rows += std::erase_if(rows.rows, [&](const Row& row) { return dropped(row, options); });
  check(!rows.rows.empty(), ErrorKind::kBadInput, "{}:1: there are no rows in it", data.file);
  const Columns columns =
      find_columns(rows.rows[0].object, options, fmt::format("{}:{}", data.file, rows.rows[0].line));
  data.shape = columns.shape;
  data.has_pairs = !columns.text_pair.empty();
  data.examples.reserve(rows.rows.size());
  for (Row& row : rows.rows) {
    Example& example = data.examples.emplace_back();
    example.row = std::move(row.object);
    example.line = row.line;
    example.index = row.index;
    fill_texts(example, columns, data.place(data.examples.size() - 1));
  }
  fill_labels(data, columns, options);
  return data;
}

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

Dataset parse_dataset(std::string_view text, std::string_view format, std::string place, const ReadOptions& options) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  check_utf8(text, place);
  Rows rows = parse_rows(text, format, place, options.limit);
  Dataset data = from_rows(std::move(rows), std::move(place), options);
  data.format = format;
  return data;
}

Dataset read_dataset(const std::filesystem::path& file, const ReadOptions& options) {
  const bool standard_input = file == "-";
  const std::string text =
      standard_input ? std::string{std::istreambuf_iterator<char>(std::cin), {}} : read_data_text(file);
  std::string format = data_format(file);
  std::error_code error;
  if (standard_input || (format.empty() && std::filesystem::is_fifo(file, error))) {
    const auto first = text.find_first_not_of(" \t\r\n");  // a pipe's name says nothing
    format = first != text.npos && text[first] == '{' ? "jsonl" : "txt";
  }
  return parse_dataset(text, format, standard_input ? "stdin" : file.string(), options);
}

}  // namespace linnet
