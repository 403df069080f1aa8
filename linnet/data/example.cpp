#include "linnet/data/example.h"

#include <iterator>

#include "linnet/base/error.h"
#include "linnet/base/utf8.h"

namespace linnet {
namespace {

void check_text(const Record& row, const std::string& column, std::string_view place) {
  const Cell cell = row.find(column);
  check(cell.reads_as_text(), ErrorKind::kBadInput, "{}: '{}' is {}, not a text", place, printable(column, 60),
        cell.kind == CellKind::kAbsent ? Printable("missing") : printable(cell.text, 60));
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

void check_chat(const Record& row, const std::string& column, std::string_view place) {
  const Cell cell = row.find(column);
  const Json turns = cell.kind == CellKind::kJson ? cell.json() : Json();
  check(turns.is_array() && !turns.empty(), ErrorKind::kBadInput, "{}: '{}' is {}, not a list of turns", place, column,
        cell.kind == CellKind::kAbsent ? Printable("missing") : printable(cell.text, 60));
  for (const Json& turn : normal_turns(turns))
    check(turn.is_object() && turn.contains("role") && turn.at("role").is_string(), ErrorKind::kBadInput,
          "{}: the turn {} has no 'role'", place, printable(dump_json(turn), 60));
}

Answer checked_answer(const Json& text, const Json& start, std::string_view place) {
  check(text.is_string() && (start.is_number_integer() || start.is_null()), ErrorKind::kBadInput,
        "{}: an answer is a text with an integer 'answer_start', not {} at {}", place, printable(dump_json(text), 60),
        printable(dump_json(start), 20));
  return {text.get<std::string>(), start.is_null() ? -1 : start.get<std::int64_t>()};
}

void check_place(const Answer& answer, std::string_view context, std::string_view place) {
  if (answer.start < 0) return;
  for (std::int64_t i = 0; i < answer.start && !context.empty(); ++i)
    context.remove_prefix(utf8::decode(context).length);
  check(context.starts_with(answer.text), ErrorKind::kBadInput,
        "{}: the answer '{}' is not at character {} of the context", place, printable(answer.text, 60), answer.start);
}

void check_tokens(const Record& row, const Columns& columns, std::string_view place) {
  const Json list = row.find(columns.tokens).json(), tags = row.find(columns.tags).json();
  check(list.is_array() && tags.is_array() && list.size() == tags.size(), ErrorKind::kBadInput,
        "{}: '{}' and '{}' are not lists of one length ({} and {})", place, columns.tokens, columns.tags,
        list.is_array() ? list.size() : 0, tags.is_array() ? tags.size() : 0);
  for (const Json& token : list) get_string(token, columns.tokens, place);
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

bool Columns::uses(std::string_view name) const {
  for (const std::string* used : {&text, &text_pair, &label, &prompt, &completion, &target, &messages, &question,
                                  &context, &answers, &tokens, &tags})
    if (*used == name) return true;
  return shape == DataShape::kChat && name == "tools";
}

Json Example::messages() const { return list.empty() ? Json() : normal_turns(parse_json(list, "messages")); }

Json Example::tools() const { return row.find("tools").json(); }

std::vector<std::string> Example::tokens() const {
  std::vector<std::string> all;
  if (list.empty()) return all;
  for (const Json& token : parse_json(list, "tokens")) all.push_back(token.get<std::string>());
  return all;
}

std::vector<Answer> Example::answers(std::string_view place) const {
  const Json found = answer_cell.json();
  std::vector<Answer> all;
  if (found.is_string()) {
    if (!found.get_ref<const std::string&>().empty()) all.push_back(checked_answer(found, kNothing, place));
  } else if (found.is_array()) {
    for (const Json& answer : found) {
      const bool object = answer.is_object();
      all.push_back(checked_answer(object ? member(answer, "text") : answer,
                                   object ? member(answer, "answer_start") : kNothing, place));
    }
  } else if (found.is_object()) {
    const Json &texts = member(found, "text"), &starts = member(found, "answer_start");
    check(texts.is_array() && (starts.is_null() || (starts.is_array() && starts.size() == texts.size())),
          ErrorKind::kBadInput, "{}: 'answers' needs as many 'answer_start' as 'text'", place);
    for (std::size_t i = 0; i < texts.size(); ++i)
      all.push_back(checked_answer(texts[i], starts.is_null() ? kNothing : starts[i], place));
  } else {
    check(found.is_null(), ErrorKind::kBadInput, "{}: 'answers' is {}", place, printable(dump_json(found), 60));
  }
  return all;
}

Example show_row(const Record& row, const Columns& columns) {
  const auto text = [&](const std::string& column) {
    const Cell cell = column.empty() ? Cell() : row.find(column);
    return cell.reads_as_text() ? cell.text : CellText();
  };
  Example example;
  example.row = row;
  example.line = row.line();
  example.index = row.index();
  switch (columns.shape) {
    case DataShape::kChat:
      example.list = row.find(columns.messages).text;
      break;
    case DataShape::kTokens:
      example.list = row.find(columns.tokens).text;
      break;
    case DataShape::kQuestion:
      example.question = text(columns.question);
      example.context = text(columns.context);
      if (!columns.answers.empty()) example.answer_cell = row.find(columns.answers);
      break;
    case DataShape::kCompletion:
      example.prompt = text(columns.prompt);
      example.completion = text(columns.completion);
      break;
    default:
      example.text = text(columns.text);
      example.text_pair = text(columns.text_pair);
      example.target = text(columns.target);
  }
  return example;
}

void check_texts(const Example& example, const Columns& columns, std::string_view place) {
  const Record& row = example.row;
  switch (columns.shape) {
    case DataShape::kChat:
      return check_chat(row, columns.messages, place);
    case DataShape::kTokens:
      return check_tokens(row, columns, place);
    case DataShape::kQuestion:
      check_text(row, columns.question, place);
      check_text(row, columns.context, place);
      for (const Answer& answer : example.answers(place)) check_place(answer, example.context, place);
      return;
    case DataShape::kCompletion:
      check_text(row, columns.prompt, place);
      return check_text(row, columns.completion, place);
    default:
      if (columns.both_texts_in_one()) return;
      check_text(row, columns.text, place);
      if (!columns.text_pair.empty()) check_text(row, columns.text_pair, place);
      if (!columns.target.empty()) check_text(row, columns.target, place);
  }
}

std::pair<std::string, std::string> both_texts(const Record& row, const Columns& columns, std::string_view place) {
  const Json both = row.find(columns.text).json();
  check(both.is_object() && both.size() == 2, ErrorKind::kBadInput, "{}: '{}' is {}, not two languages", place,
        columns.text, printable(dump_json(both), 60));
  const auto source = both.begin(), target = std::next(source);
  return {get_string(*source, source.key(), place), get_string(*target, target.key(), place)};
}

}  // namespace linnet
