// linnet answer: answers questions about a text.
#include <fmt/format.h>

#include <cmath>
#include <span>
#include <utility>

#include "linnet/base/error.h"
#include "linnet/base/file.h"
#include "linnet/tasks/answer_question.h"
#include "linnet/tasks/chunks.h"
#include "output.h"
#include "verbs.h"
#include "write_flags.h"

namespace linnet::app {

namespace {

using Answers = std::vector<tasks::FoundAnswer>;

struct AnswerFlags {
  ModelOptions model;
  TextOptions rows;
  AnswerOptions show;
  std::vector<std::string> questions;
  std::string context, context_file;
  std::int64_t max_seq_length = 0, stride = 0;
  bool align = true;
  tasks::QuestionOptions options;
  generate::Overrides overrides;
};

void add_flags(Command& command, AnswerFlags& flags) {
  command.example(
      "linnet answer -m distilbert-base-cased-distilled-squad --question 'Who left?' --context 'The ferry left.'");
  command.example("linnet answer -m deepset/roberta-base-squad2 --input squad.jsonl --no-answer --json");
  command.option("--question", flags.questions);
  command.option("--context", flags.context);
  command.option("--context-file", flags.context_file);
  command.option("--input", flags.rows.input);
  add_format_options(command, flags.rows.rows);
  command.option("--top-k", flags.options.top_k);
  command.option("--max-seq-length", flags.max_seq_length);
  command.option("--doc-stride", flags.stride);
  command.option("--max-answer-length", flags.options.max_answer_length);
  command.flag("--no-answer", flags.options.impossible_answer);
  command.flag("--align-to-words", flags.options.align_to_words);
  command.flag("--allow-untrained", flags.options.allow_untrained);
  add_length_options(command, flags.overrides);
  add_answer_options(command, flags.show);
  add_model_options(command, flags.model);
}

// The questions of the command line, each with the context, as rows.
Dataset asked_rows(const Command& command, const AnswerFlags& flags) {
  if (!flags.rows.input.empty() || flags.show.stream)
    command.wrong_usage("questions come from --question or from rows (--input, standard input), not both");
  if (command.given("--context") == command.given("--context-file"))
    command.wrong_usage("--question needs the text that answers it: --context TEXT or --context-file FILE");
  const std::string context = flags.context_file.empty() ? flags.context : read_file(flags.context_file);
  std::string lines;
  for (const std::string& question : flags.questions)
    lines += dump_json(Json{{"question", question}, {"context", context}}) + "\n";
  return parse_dataset(lines, "jsonl", kCommandLine, {.shape = DataShape::kQuestion, .labels = Labels::kIgnored});
}

TextRows rows_of_questions(const Command& command, const AnswerFlags& flags) {
  if (!flags.questions.empty()) return {asked_rows(command, flags), flags.show};
  if (command.given("--context") || command.given("--context-file"))
    command.wrong_usage("no question: give --question TEXT");
  return {command, flags.rows, flags.show, {.shape = DataShape::kQuestion, .labels = Labels::kIgnored}};
}

Json json_of(const tasks::FoundAnswer& a) {
  return {{"score", a.score}, {"start", a.start}, {"end", a.end}, {"answer", a.answer}};
}

// As the pipeline: an object for one answer, a list for several.
RowAnswer row_answer(const Answers& found) {
  Table rows{{"score", "start", "end", "answer"}};
  Json list = Json::array();
  for (const tasks::FoundAnswer& a : found) {
    rows.push_back({format_printable("{:.4f}", a.score), format_printable("{}", a.start), format_printable("{}", a.end),
                    printable(a.answer, 400)});
    list.push_back(json_of(a));
  }
  std::vector<Json> cells(4);
  if (!found.empty()) cells = {found[0].answer, found[0].score, found[0].start, found[0].end};
  return {list.size() == 1 ? Json(list.front()) : list, format_table(rows).text(), std::move(cells)};
}

constexpr const char* kExtractive[] = {"--top-k",     "--max-seq-length", "--doc-stride",     "--max-answer-length",
                                       "--no-answer", "--align-to-words", "--allow-untrained"};
constexpr const char* kWritten[] = {"--max-new-tokens", "--max-length",         "--min-new-tokens",
                                    "--min-length",     "--repetition-penalty", "--no-repeat-ngram-size"};

void refuse(const Command& command, std::span<const char* const> names, const char* why) {
  for (const char* name : names)
    if (command.given(name)) command.wrong_usage(format_printable("{} does nothing with this model: it {}", name, why));
}

// The words are a part of the context, or have no place there.
RowAnswer written_answer(const Example& row, const tasks::WrittenText& written) {
  const std::string_view context = row.context;
  const auto at = written.text.empty() ? std::string_view::npos : context.find(written.text);
  Json start, end;
  if (at != std::string_view::npos) {
    const tasks::CharacterOffsets characters(context);
    start = characters(static_cast<std::int64_t>(at));
    end = characters(static_cast<std::int64_t>(at + written.text.size()));
  }
  const Json score = std::isnan(written.logprob) ? Json() : Json(std::exp(written.logprob));  // none with beams
  return {{{"score", score}, {"start", start}, {"end", end}, {"answer", written.text}},
          written.text + "\n",
          {written.text, score, start, end}};
}

void answer_by_writing(const Command& command, const AnswerFlags& flags, const Loaded& loaded, TextRows& rows) {
  refuse(command, kExtractive, "writes its answers");
  tasks::WriteOptions options = tasks::written_answer_options();
  const std::int64_t logprobs = options.overrides.logprobs;
  options.overrides = flags.overrides;
  options.overrides.logprobs = logprobs;
  options.overrides.seed = flags.model.seed;
  const tasks::TextWriter writer(loaded, std::move(options));
  rows.answer("answering", {"answer", "score", "start", "end"},
              written_rows(
                  writer,
                  [](ExampleRef row) {
                    return tasks::WriteInput{(*row).context, {{"question", std::string((*row).question)}}};
                  },
                  [](ExampleRef row, const tasks::WrittenText& written) { return written_answer(*row, written); }),
              16);
}

// Has the model a language model head that predicts the next token?
bool writes(const models::Model& model) {
  const models::HeadKind head = model.config().head;
  return head == models::HeadKind::kCausalLm || head == models::HeadKind::kSeq2SeqLm;
}

}  // namespace

void run_answer(Arguments arguments) {
  AnswerFlags flags;
  Command command("answer", "questions about a text, answered from it");
  add_flags(command, flags);
  command.parse(arguments);
  check_answer_options(command, flags.show);
  if (command.given("--max-seq-length")) flags.options.max_seq_length = flags.max_seq_length;
  if (command.given("--doc-stride")) flags.options.stride = flags.stride;

  TextRows rows = rows_of_questions(command, flags);
  const Loaded loaded = load_pretrained(command, flags.model);
  if (writes(*loaded.model)) return answer_by_writing(command, flags, loaded, rows);
  refuse(command, kWritten, "finds its answers in the context");
  tasks::check_answers(loaded, flags.options);
  rows.answer("answering", {"answer", "score", "start", "end"},
              [&](RowAnswers& answers, const std::vector<ExampleRef>& asked, const TextRows::Next& next) {
                std::vector<tasks::Question> questions;
                for (const ExampleRef& row : asked) questions.push_back({(*row).question, (*row).context});
                tasks::answer_each(
                    loaded, questions, flags.options,
                    [&](std::size_t i, const Answers& found) {
                      answers.add(input_row(asked[i], answers.joins()), row_answer(found));
                      next();
                    },
                    [&](std::size_t i, const Error& why) {
                      answers.refuse(input_row(asked[i], answers.joins()), why);
                      next();
                    });
              });
}

}  // namespace linnet::app
