// What `summarize` and `translate` share: their options, and rows of one written text each.
#pragma once

#include <string>
#include <vector>

#include "command.h"
#include "linnet/tasks/write_text.h"
#include "model_options.h"
#include "row_answers.h"
#include "text_options.h"
#include "text_rows.h"

namespace linnet::app {

struct WriteFlags {
  ModelOptions model;
  TextOptions texts;
  AnswerOptions show;
  std::string prompt, early_stopping;  // a template; of beams
  generate::Overrides overrides;
};

void add_write_options(Command& command, WriteFlags& flags);
// The value of --early-stopping; unset for "".
std::optional<EarlyStopping> early_stopping(const std::string& name);
// Lengths and penalties of a written text.
void add_length_options(Command& command, generate::Overrides& overrides);

// Writes a text for every row: [{"row":0,"summary_text":"…"}], as the pipelines do. `options`: of the task.
void write_rows(const Command& command, const WriteFlags& flags, tasks::WriteOptions options, const std::string& doing,
                const std::string& key);

// Answers rows by the texts that a model writes for them. `input`: of a row; `answer`: from its text.
using InputOf = std::function<tasks::WriteInput(ExampleRef row)>;
using AnswerOf = std::function<RowAnswer(ExampleRef row, const tasks::WrittenText& written)>;
TextRows::Work written_rows(const tasks::TextWriter& writer, const InputOf& input, const AnswerOf& answer);

}  // namespace linnet::app
