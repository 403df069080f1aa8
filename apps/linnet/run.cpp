// linnet run: completes prompts, or runs a conversation.
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <iostream>
#include <iterator>

#include "byte_size.h"
#include "chat_session.h"
#include "classify_options.h"
#include "completer.h"
#include "id_list.h"
#include "linnet/base/log.h"
#include "row_answers.h"
#include "text_options.h"
#include "verbs.h"
#include "write_flags.h"

namespace linnet::app {
namespace {

using Clock = std::chrono::steady_clock;

struct RunFlags {
  ModelOptions model;
  tasks::CompleteOptions complete;
  std::string ids, system, memory;
  TextOptions input;
  AnswerOptions answers;
  std::string early_stopping, choices;
  bool do_sample = false, chat = false, echo = false;
};

void add_override_options(Command& command, generate::Overrides& r, bool& do_sample) {
  command.option("--max-new-tokens", r.max_new_tokens);
  command.option("--max-length", r.max_length);
  command.option("--min-new-tokens", r.min_new_tokens);
  command.option("--min-length", r.min_length);
  command.flag("--do-sample", do_sample);
  command.option("--temperature", r.temperature);
  command.option("--top-k", r.top_k);
  command.option("--top-p", r.top_p);
  command.option("--min-p", r.min_p);
  command.option("--typical-p", r.typical_p);
  command.option("--repetition-penalty", r.repetition_penalty);
  command.option("--no-repeat-ngram-size", r.no_repeat_ngram_size);
  command.option("--num-beams", r.num_beams);
  command.option("--num-return-sequences", r.num_return_sequences);
  command.option("--length-penalty", r.length_penalty);
}

void add_options(Command& command, RunFlags& o) {
  command.example("linnet run 'The capital of France is' -n 20");
  command.example("linnet run --chat 'Write a haiku about rain.' --temperature 0.7 --seed 1");
  command.option("prompt", o.input.texts).expected(0, 1);
  command.option("--ids", o.ids);
  command.option("--input", o.input.input);
  add_row_options(command, o.input.rows);
  command.flag("--chat", o.chat);
  command.option("--system", o.system);
  add_override_options(command, o.complete.overrides, o.do_sample);
  command.choice("--early-stopping", o.early_stopping, {"true", "false", "never"});
  command.option("--choices", o.choices);
  command.option("--stop", o.complete.stop);
  command.option("--logprobs", o.complete.overrides.logprobs);
  command.flag("--echo", o.echo);
  add_answer_options(command, o.answers, Joins::kNo);
  add_model_options(command, o.model);
  command.option("--memory", o.memory);
  command.later("--speculate", "speculative decoding");
}

// Choices are scored, not generated.
void refuse_generation(const Command& command) {
  for (const char* option :
       {"--max-new-tokens", "--max-length", "--min-new-tokens", "--min-length", "--do-sample", "--temperature",
        "--top-k", "--top-p", "--min-p", "--typical-p", "--repetition-penalty", "--no-repeat-ngram-size", "--num-beams",
        "--num-return-sequences", "--length-penalty", "--early-stopping", "--stop", "--logprobs"})
    if (command.given(option))
      command.wrong_usage(format_printable("{} has no effect with --choices; leave it out", option));
}

void settle(const Command& command, RunFlags& o) {
  if (command.given("--do-sample")) o.complete.overrides.do_sample = o.do_sample;
  o.complete.overrides.early_stopping = early_stopping(o.early_stopping);
  o.complete.overrides.seed = o.model.seed;
  if (command.given("--choices")) refuse_generation(command);
  o.chat = o.chat || command.given("--system");
  const int prompts = static_cast<int>(!o.input.texts.empty()) + static_cast<int>(command.given("--ids")) +
                      static_cast<int>(!o.input.input.empty());
  if (o.answers.stream && prompts > static_cast<int>(!o.input.input.empty()))
    command.wrong_usage("--stream reads standard input or --input; leave out the prompt");
  if (prompts > 1) command.wrong_usage("a prompt, --ids or --input: one of them");
  if (o.chat && command.given("--ids")) command.wrong_usage("--chat makes its ids itself; leave out --ids");
}

Json messages(const RunFlags& o, const std::string& text) {
  Json turns = Json::array();
  if (!o.system.empty()) turns.push_back({{"role", "system"}, {"content", o.system}});
  turns.push_back({{"role", "user"}, {"content", text}});
  return turns;
}

// Reads all of standard input as one prompt, without the last newline.
std::string read_prompt() {
  std::string text{std::istreambuf_iterator<char>(std::cin), {}};
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

// Answers the rows of a dataset, or of a stream immediately.
class RowsRun {
 public:
  RowsRun(const RunFlags& options, Completer& completer)
      : options_(options), completer_(completer), answers_({.json = options.answers.json}, {}, {}) {
    completer.check_options();  // so that errors with the place of a row are only those of the row
  }
  void answer(std::span<const ExampleRef> rows) {
    for (const ExampleRef& row : rows) {
      if (is_empty_line(row)) continue;
      answers_.answer(row, [&] {
        Prompt prompt = prompt_of(row.data, *row);
        prompt.row = (*row).index;
        completer_.complete(prompt);
      });
    }
  }
  void finish() { answers_.finish(); }

 private:
  Prompt prompt_of(const Dataset& data, const Example& e) const {
    if (data.shape == DataShape::kChat) return completer_.chat(e.messages());
    check(data.shape != DataShape::kQuestion && data.shape != DataShape::kTokens, ErrorKind::kBadInput,
          "the columns are those of {}, which is no text to complete; name one with --text-column",
          shape_name(data.shape));
    const std::string text = data.shape == DataShape::kCompletion ? e.prompt : e.text;
    return options_.chat ? completer_.chat(messages(options_, text)) : completer_.plain(text);
  }

  const RunFlags& options_;
  Completer& completer_;
  RowAnswers answers_;
};

// Prints that the seed is fixed: users of a temperature do not expect the same text in every run.
void say_fixed_seed(const generate::Overrides& r) {
  const bool samples = r.do_sample.value_or(r.temperature || r.top_k || r.top_p || r.min_p || r.typical_p);
  if (samples && r.temperature != 0.0)
    note("sampled with seed {}: the same text in every run; --seed N gives another", r.seed);
}

}  // namespace

void run_run(Arguments arguments) {
  RunFlags o;
  Command command("run", "complete a prompt, or chat");
  add_options(command, o);
  command.parse(arguments);
  settle(command, o);
  const bool many = !o.input.input.empty() || o.answers.stream, from_ids = command.given("--ids");
  const bool converses = !many && !from_ids && o.input.texts.empty() && isatty(STDIN_FILENO) == 1;
  if (converses && (o.answers.json || command.given("--choices")))
    command.wrong_usage("no prompt: give one, --ids or --input");
  std::vector<std::int32_t> ids;
  if (from_ids) ids = parse_ids(command, "--ids", o.ids);
  Dataset data;
  const ReadOptions read{.labels = Labels::kIgnored, .faulty_rows = FaultyRows::kKept};
  const bool streams = many && answers_as_rows_come(o.input, o.answers);
  if (many && !streams) data = read_texts(command, o.input, read);
  if (!many && !from_ids && !converses && o.input.texts.empty()) o.input.texts.push_back(read_prompt());

  CompleterOptions show{.format = o.answers.json ? Format::kJson : Format::kText,
                        .echo = o.echo ? Echo::kPrompt : Echo::kNo,
                        .choices = command.given("--choices") ? split_labels(o.choices) : std::vector<std::string>()};
  const std::size_t memory = o.memory.empty() ? 0 : parse_bytes(command, "--memory", o.memory);
  const PretrainedFiles files = find_model(command, o.model);
  if (!o.memory.empty()) {
    show.memory.emplace(files.model, weight_type(command, o.model.dtype), memory);
    show.memory->check(1);
  }
  const auto start = Clock::now();
  const bool without_text = from_ids && show.choices.empty();
  const Loaded loaded =
      load_pretrained(command, o.model, files, {}, without_text ? WithTokenizer::kIfThere : WithTokenizer::kRequired);
  loaded.model->prepack();
  show.load_seconds = std::chrono::duration<double>(Clock::now() - start).count();
  Completer completer(loaded, o.complete, std::move(show));
  if (many) {
    RowsRun run(o, completer);
    if (streams)
      answer_arrivals(stream_texts(command, o.input, read), 1, [&](const auto& rows) { run.answer(rows); });
    else
      run.answer(rows_of(data));
    return run.finish();
  }
  if (converses)
    return hold_conversation(
        loaded, completer, {.system = o.system, .seed = command.given("--seed") ? SeedFrom::kUser : SeedFrom::kChance});
  completer.check_options();
  if (!command.given("--seed")) say_fixed_seed(o.complete.overrides);
  if (from_ids) {
    completer.complete(completer.from_ids(std::move(ids)));
    return;
  }
  const std::string& text = o.input.texts.front();
  completer.complete(o.chat ? completer.chat(messages(o, text)) : completer.plain(text));
}

}  // namespace linnet::app
