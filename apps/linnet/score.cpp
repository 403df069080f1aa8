// linnet score: log-probabilities of continuations, and the perplexity of a text.
#include "linnet/generate/score.h"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <iterator>
#include <optional>
#include <span>

#include "linnet/base/error.h"
#include "linnet/data/text_source.h"
#include "linnet/tasks/score_texts.h"
#include "model_options.h"
#include "output.h"
#include "progress.h"
#include "row_answers.h"
#include "text_options.h"
#include "verbs.h"

namespace linnet::app {
namespace {

constexpr std::size_t kPromptsAtOnce = 128;

struct ScoreFlags {
  ModelOptions model;
  std::string prompt, perplexity;
  std::vector<std::string> continuations;
  TextOptions source;  // its text column is the prompt
  std::int64_t window = 512, stride = 256, limit = 0;
  AnswerOptions show;
};

// A list of texts, in a cell as JSON.
std::vector<std::string> continuations_of(const Record& row) {
  const Cell cell = row.find("continuations");
  const Json list =
      cell.kind == CellKind::kAbsent || !Json::accept(cell.text) ? Json() : parse_json(cell.text, "a cell");
  check(list.is_array() && !list.empty(), ErrorKind::kBadInput,
        "'continuations' is not a list of texts; write [\" one\", \" two\"]");
  std::vector<std::string> texts;
  for (const Json& item : list) {
    check(item.is_string(), ErrorKind::kBadInput, "{} in 'continuations' is not a text; put it in quotes",
          printable(dump_json(item), 40));
    texts.push_back(item.get<std::string>());
  }
  return texts;
}

// The prompt of the command line as a row.
Dataset read_prompts(const Command& command, const ScoreFlags& o, const ReadOptions& read) {
  if (!o.source.input.empty()) return read_texts(command, o.source, read);
  return parse_dataset(dump_json({{"prompt", o.prompt}, {"continuations", o.continuations}}), "jsonl", kCommandLine,
                       read);
}

RowAnswer answer_of(const tasks::PromptedTexts& request, const std::vector<generate::Score>& scores) {
  Table table{{"continuation", "log p", "tokens", "greedy"}};
  std::size_t best = 0;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    const generate::Score& s = scores[i];
    if (s.logprob > scores[best].logprob) best = i;
    table.push_back({printable(dump_json(request.continuations[i])), format_printable("{:.4f}", s.logprob),
                     format_printable("{}", s.tokens), printable(s.greedy ? "yes" : "no")});
  }
  return {{{"scores", tasks::scores_json(request.continuations, scores)}},
          format_table(table).text(),
          {request.continuations[best], scores[best].logprob}};
}

class ScoreRun {
 public:
  ScoreRun(const ScoreFlags& options, const Loaded& loaded, const std::vector<std::string>& columns)
      : loaded_(loaded), answers_(options.show, columns, {"continuation", "logprob"}) {}

  void answer(std::span<const ExampleRef> rows) {
    answers_.answer_together(rows, [&](const std::vector<ExampleRef>& some) { score(some); });
  }
  void finish() { answers_.finish(); }

 private:
  void score(const std::vector<ExampleRef>& rows) {
    std::vector<tasks::PromptedTexts> texts;
    std::vector<std::optional<Error>> errors(rows.size());
    std::vector<std::size_t> asked;  // the rows of `texts`
    const tasks::OnRefusal refuse = [&](std::size_t i, const Error& why) { errors[asked[i]] = why; };
    for (std::size_t i = 0; i < rows.size(); ++i) {
      errors[i] = tasks::text_error(refuse, [&] {
        texts.push_back({(*rows[i]).text, continuations_of((*rows[i]).row)});
      });
      if (!errors[i]) asked.push_back(i);
    }
    const auto scores = tasks::score_texts(loaded_, texts, {}, refuse);
    for (std::size_t i = 0, next = 0; i < rows.size(); ++i) {
      const std::size_t at = next;
      if (next < asked.size() && asked[next] == i) ++next;
      const InputRow row = input_row(rows[i], answers_.joins());
      if (errors[i])
        answers_.refuse(row, *errors[i]);
      else
        answers_.add(row, answer_of(texts[at], scores[at]));
    }
  }

  const Loaded& loaded_;
  RowAnswers answers_;
};

void score_prompts(const Command& command, ScoreFlags o) {
  const ReadOptions read{
      .text_column = "prompt", .one_text = true, .labels = Labels::kIgnored, .faulty_rows = FaultyRows::kKept};
  if (o.source.rows.text_column.empty()) o.source.rows.text_column = read.text_column;
  std::optional<Dataset> data;
  if (o.source.input.empty() || !answers_as_rows_come(o.source, o.show)) data = read_prompts(command, o, read);
  const Loaded loaded = load_pretrained(command, o.model);
  std::optional<ScoreRun> run;
  const auto answer = [&](std::span<const ExampleRef> rows) {
    if (!run) run.emplace(o, loaded, rows.back().data.columns);
    run->answer(rows);
  };
  if (data) {
    const std::size_t count = data->examples.size();
    Progress bar("scoring", static_cast<std::int64_t>(count), "prompts");
    // In portions, so that first answers are early.
    for (std::size_t at = 0; at < count; at += kPromptsAtOnce) {
      const std::vector<ExampleRef> part = rows_of(*data, at, kPromptsAtOnce);
      answer(part);
      bar.advance(std::ssize(part));
    }
  } else {
    answer_arrivals(stream_texts(command, o.source, read), kPromptsAtOnce, answer);
  }
  run->finish();
}

void measure_perplexity(const Command& command, ScoreFlags o) {
  const std::string text =
      o.perplexity == "-" ? std::string{std::istreambuf_iterator<char>(std::cin), {}} : read_data_text(o.perplexity);
  const Loaded loaded = load_pretrained(command, o.model);
  const std::int64_t context = loaded.model->context();
  if (context > 0 && o.window > context) {
    if (command.given("--window"))
      command.wrong_usage(format_printable("--window {}: the model's context is {}", o.window, context));
    o.window = context;
    if (!command.given("--stride")) o.stride = std::max<std::int64_t>(1, context / 2);
  }
  check(text.find_first_not_of(" \t\r\n") != text.npos, ErrorKind::kBadInput, "{}: holds no text",
        o.perplexity == "-" ? "stdin" : o.perplexity);
  Progress bar("perplexity", 0, "tokens");
  generate::PerplexityOptions options{.window = o.window, .stride = o.stride, .limit = o.limit};
  options.progress = [&](std::int64_t done, std::int64_t all) {
    bar.set_total(all);
    bar.set(done);
  };
  const auto p = tasks::text_perplexity(loaded, text, options);
  if (o.show.json)
    return print_json({{"perplexity", p.per_token()},
                       {"word_perplexity", p.per_word()},
                       {"byte_perplexity", p.per_byte()},
                       {"tokens", p.tokens.tokens},
                       {"words", p.words},
                       {"bytes", p.bytes}});
  const auto row = [](const char* unit, double value, std::int64_t count) -> std::vector<Printable> {
    return {printable(unit), format_printable("{:.4f}", value), format_printable("{}", count)};
  };
  print_result(format_table({{"a", "perplexity", "count"},
                             row("token", p.per_token(), p.tokens.tokens),
                             row("word", p.per_word(), p.words),
                             row("byte", p.per_byte(), p.bytes)}));
}

void check_score_usage(const Command& command, const ScoreFlags& o) {
  const bool measures = !o.perplexity.empty(), prompts = command.given("--prompt") || !o.continuations.empty();
  if (static_cast<int>(measures) + static_cast<int>(prompts) + static_cast<int>(!o.source.input.empty()) != 1)
    command.wrong_usage("give --prompt with --continuation, or --input FILE, or --perplexity FILE");
  if (o.stride > o.window)
    command.wrong_usage(format_printable("--stride {} is more than --window {}", o.stride, o.window));
  if (measures && command.given("--output"))
    command.wrong_usage("--output joins answers to rows; leave it out with --perplexity");
  check_answer_options(command, o.show);
}

}  // namespace

void run_score(Arguments arguments) {
  ScoreFlags o;
  Command command("score", "log-probabilities of continuations, and the perplexity of a text");
  command.example("linnet score --prompt 'I feel' --continuation ' happy' --continuation ' sad'");
  command.example("linnet score --perplexity book.txt --window 512 --stride 256 --limit 4096");
  command.option("--prompt", o.prompt);
  command.option("--continuation", o.continuations).allow_extra_args();
  command.option("--input", o.source.input);
  add_format_options(command, o.source.rows);
  command.option("--text-column", o.source.rows.text_column);
  command.option("--perplexity", o.perplexity);
  command.option("--window", o.window);
  command.option("--stride", o.stride);
  command.option("--limit", o.limit);
  add_answer_options(command, o.show);
  add_model_options(command, o.model);
  command.parse(arguments);
  check_score_usage(command, o);
  if (o.perplexity.empty())
    score_prompts(command, o);
  else
    measure_perplexity(command, o);
}

}  // namespace linnet::app
