// Writes the answers of a verb, row by row: as text or as JSON lines with "row", and joined to the input's columns in
// the file of `--output`. A row that cannot be answered is named, and the others are answered.
//
//   RowAnswers answers(options, columns, {"label", "score"});
//   for (…) answers.add(row, {.json = {{"label", "a"}}, .text = "a  0.7\n", .cells = {"a", 0.7}});
//   answers.refuse(row, error);       // {"row":3,"error":"…"}, or a line on stderr
//   answers.finish();                 // throws Exit{3} if a row was refused
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "answer_file.h"
#include "command.h"
#include "linnet/base/error.h"
#include "linnet/data/dataset.h"
#include "linnet/tasks/batches.h"
#include "text_options.h"

namespace linnet::app {

struct AnswerOptions {
  bool json = false;
  bool stream = false;      // answer each row immediately; the default for the rows of a pipe
  std::string output = {};  // a file that joins the answers to the input's columns; empty: none
};

// Adds --json, --stream and, if `joins`, --output. `json_help`: the format of its lines.
enum class Joins : std::uint8_t { kNo, kYes };
void add_answer_options(Command& command, AnswerOptions& options, Joins joins = Joins::kYes);
// Wrong usage that is detected before reading the input.
void check_answer_options(const Command& command, const AnswerOptions& options);

// True if rows are answered immediately: --stream, or standard input is a pipe and nothing needs all rows at once.
bool answers_as_rows_come(const TextOptions& texts, const AnswerOptions& options);

// A row of the input.
struct InputRow {
  std::int64_t number = 0;  // 0-based, with empty rows
  std::string place;        // "file:line"; empty for the command line
  Json columns;             // an object; null if not needed
};

// An example of a dataset that outlives it.
struct ExampleRef {
  const Dataset& data;
  std::size_t index;
  Example operator*() const { return data.examples[index]; }
};
InputRow input_row(ExampleRef example, bool columns);  // `columns`: are they needed?
// At most `most` examples, from `begin` on.
std::vector<ExampleRef> rows_of(const Dataset& data, std::size_t begin = 0, std::size_t most = SIZE_MAX);
// Calls `work` with the available rows, at most `most`, until the stream ends: an answer does not wait for the next
// row. kBadInput if the stream has no rows.
void answer_arrivals(RowStream stream, std::size_t most, const std::function<void(std::span<const ExampleRef>)>& work);
// True for a line of a .txt without text: it is counted, but has no answer.
bool is_empty_line(ExampleRef example);

// The reason why a row is unreadable or has no text; empty if it is valid.
std::optional<Error> fault_of(ExampleRef example);

struct RowAnswer {
  Json json;                // an object that gets "row"; a list of objects, or of lists of them, which each get it
  std::string text;         // output without --json
  std::vector<Json> cells;  // cells of the answer's columns
};

class RowAnswers {
 public:
  // `columns`: the input's, in order; `answer`: the names of `cells`.
  RowAnswers(const AnswerOptions& options, const std::vector<std::string>& columns, std::vector<std::string> answer);

  bool joins() const { return file_.has_value(); }  // InputRow::columns are needed
  void add(const InputRow& row, RowAnswer answer);
  void refuse(const InputRow& row, const Error& why);
  // Adds the RowAnswer of `work` for a row (none if `work` prints it), or refuses the row with the Error of `work`.
  template <class Work>
  void answer(const InputRow& row, const Work& work) {
    std::optional<RowAnswer> made;
    const auto error = tasks::text_error([](std::size_t, const Error&) {},
                                         [&] {
                                           if constexpr (std::is_void_v<decltype(work())>)
                                             work();
                                           else
                                             made = work();
                                         });
    if (error) return refuse(row, *error);
    if (made) return add(row, std::move(*made));
    pass_empty_rows(row.number);
    ++rows_;
  }
  // The same for an example, which is refused if it is unreadable or has no text.
  template <class Work>
  void answer(ExampleRef example, const Work& work) {
    answer(input_row(example, joins()), [&] {
      if (const auto fault = fault_of(example)) throw Error(*fault);
      return work();
    });
  }
  // Calls `work` with runs of valid rows; refuses the others in their places.
  template <class Work>
  void answer_together(std::span<const ExampleRef> rows, const Work& work) {
    std::vector<ExampleRef> sound;
    const auto answer_these = [&] {
      if (!sound.empty()) work(std::exchange(sound, {}));
    };
    for (const ExampleRef& row : rows) {
      const auto fault = fault_of(row);
      if (!fault) {
        sound.push_back(row);
        continue;
      }
      answer_these();
      refuse(input_row(row, joins()), *fault);
    }
    answer_these();
  }
  // After the last row: commits the file; if rows were refused, throws Exit 3, or 2 for rows of the command line.
  void finish();

 private:
  bool prints() const { return options_.output.empty() || options_.json; }
  // Skips empty rows, which count but have no answer: they stay rows of the joined file, and a note names them.
  void pass_empty_rows(std::int64_t until);

  AnswerOptions options_;
  std::optional<AnswerFile> file_;
  std::int64_t rows_ = 0, refused_ = 0, next_ = 0, empty_ = 0;
  Printable first_empty_;
  int exit_code_ = 0;
};

}  // namespace linnet::app
