#include "row_answers.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "arrivals.h"
#include "output.h"

namespace linnet::app {

namespace {

// Adds {"row": N}, also to objects in a list.
Json with_row(std::int64_t row, Json answer) {
  if (answer.is_array()) {
    for (Json& item : answer) item = with_row(row, std::move(item));
    return answer;
  }
  Json object{{"row", row}};
  for (auto& [name, value] : answer.items()) object[name] = std::move(value);
  return object;
}

}  // namespace

void add_answer_options(Command& command, AnswerOptions& options, Joins joins) {
  if (joins == Joins::kYes) command.option("--output", options.output);
  command.flag("--stream", options.stream);
  command.flag("--json", options.json);
}

void check_answer_options(const Command& command, const AnswerOptions& options) {
  if (command.given("--output")) check_answer_file_name(options.output);
}

bool answers_as_rows_come(const TextOptions& texts, const AnswerOptions& options) {
  if (options.stream) return true;
  struct stat status {};
  const bool reads_stdin = texts.texts.empty() && (texts.input.empty() || texts.input == "-");
  if (!reads_stdin || !options.output.empty() || fstat(STDIN_FILENO, &status) != 0) return false;
  return S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode);
}

InputRow input_row(ExampleRef example, bool columns) {
  const Record row = example.data.examples.record(example.index);
  return {row.index(), row_place(example.data, example.index), columns ? row.json() : Json()};
}

std::vector<ExampleRef> rows_of(const Dataset& data, std::size_t begin, std::size_t most) {
  const std::size_t end = begin + std::min(most, data.examples.size() - begin);
  std::vector<ExampleRef> rows;
  rows.reserve(end - begin);
  for (std::size_t i = begin; i < end; ++i) rows.push_back({data, i});
  return rows;
}

void answer_arrivals(RowStream stream, std::size_t most, const std::function<void(std::span<const ExampleRef>)>& work) {
  Arrivals<Dataset> rows([stream = std::make_shared<RowStream>(std::move(stream))] { return stream->next(); });
  bool any = false;
  for (auto some = rows.take(most); !some.empty(); some = rows.take(most), any = true) {
    std::vector<ExampleRef> examples;
    for (const Dataset& row : some) examples.push_back({row, 0});
    work(examples);
  }
  check(any, ErrorKind::kBadInput, "the input holds no rows; give texts, or --input FILE");
}

bool is_empty_line(ExampleRef example) {
  return example.data.format == "txt" && (*example).text.find_first_not_of(" \t\r") == std::string_view::npos;
}

std::optional<Error> fault_of(ExampleRef example) {
  const auto found = example.data.faults.find(example.index);
  if (found == example.data.faults.end()) return std::nullopt;
  return Error(ErrorKind::kBadInput, printable(found->second, SIZE_MAX));
}

RowAnswers::RowAnswers(const AnswerOptions& options, const std::vector<std::string>& columns,
                       std::vector<std::string> answer)
    : options_(options) {
  if (!options_.output.empty()) file_.emplace(options_.output, columns, std::move(answer));
}

void RowAnswers::add(const InputRow& row, RowAnswer answer) {
  pass_empty_rows(row.number);
  ++rows_;
  if (file_) file_->add(row.columns, answer.cells, row.place);
  if (!prints()) return;
  if (options_.json)
    print_json(with_row(row.number, std::move(answer.json)));
  else
    print_generated(answer.text);
}

void RowAnswers::refuse(const InputRow& row, const Error& why) {
  pass_empty_rows(row.number);
  ++rows_;
  ++refused_;
  // An unreadable line has no columns.
  if (file_) file_->add(row.columns.is_object() ? row.columns : Json::object(), {}, row.place);
  if (options_.json) print_json({{"row", row.number}, {"error", why.what()}});
  const bool typed = row.place.empty();  // from the command line: an error of usage
  exit_code_ = typed && why.kind() == ErrorKind::kInvalidArgument && exit_code_ != 3 ? 2 : 3;
  if (!typed)
    print_error(format_printable("{}: {}", row.place, why.what()));
  else if (row.number > 0)
    print_error(format_printable("text {}: {}", row.number + 1, why.what()));
  else
    print_error(printable(why.what(), SIZE_MAX));
}

void RowAnswers::pass_empty_rows(std::int64_t until) {
  constexpr std::int64_t kNamed = 5;
  for (; next_ < until; ++next_, ++empty_) {
    if (empty_ < kNamed) first_empty_ += format_printable("{}{}", empty_ == 0 ? "" : ", ", next_);
    if (empty_ == kNamed) first_empty_ += ", …";
    if (file_) file_->add(Json::object(), {}, "");
  }
  next_ = until + 1;
}

void RowAnswers::finish() {
  if (empty_ > 0)
    print_note(format_printable("note: {} empty {} no answer (row {}, counted from 0)", empty_,
                                empty_ == 1 ? "line has" : "lines have", first_empty_));
  if (refused_ > 0 && rows_ > 1) print_note(format_printable("{} of {} rows have no answer", refused_, rows_));
  if (file_) file_->commit();
  if (exit_code_ != 0) throw Exit{exit_code_};
}

}  // namespace linnet::app
