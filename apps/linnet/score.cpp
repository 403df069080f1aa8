// linnet score: log-probabilities of continuations, and the perplexity of a text.
#include "linnet/generate/score.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <iostream>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <unordered_set>

#include "arrivals.h"
#include "linnet/base/error.h"
#include "linnet/data/text_source.h"
#include "linnet/tasks/score_texts.h"
#include "model_options.h"
#include "output.h"
#include "progress.h"
#include "row_answers.h"
#include "verbs.h"

namespace linnet::app {
namespace {

constexpr std::size_t kPromptsAtOnce = 128;

struct Options {
  ModelOptions model;
  std::string prompt, input, perplexity;
  std::vector<std::string> continuations;
  std::int64_t window = 512, stride = 256, limit = 0;
  AnswerOptions show;
};

// A prompt with the texts that may follow it, or why its row is refused.
struct Request {
  InputRow row;
  tasks::PromptedTexts texts = {};
  std::optional<Error> error = {};
};

tasks::PromptedTexts texts_of(const Json& row) {
  check(row.is_object() && row.contains("prompt") && row["prompt"].is_string(), ErrorKind::kBadInput,
        "the row has no text 'prompt'; write {{\"prompt\": …, \"continuations\": [… ]}}");
  check(row.contains("continuations") && row["continuations"].is_array() && !row["continuations"].empty(),
        ErrorKind::kBadInput, "'continuations' is not a list of texts; write [\" one\", \" two\"]");
  tasks::PromptedTexts texts{row["prompt"].get<std::string>(), {}};
  for (const Json& item : row["continuations"]) {
    check(item.is_string(), ErrorKind::kBadInput, "{} in 'continuations' is not a text; put it in quotes",
          printable(dump_json(item), 40));
    texts.continuations.push_back(item.get<std::string>());
  }
  return texts;
}

// The requests of JSON lines, one after the other; it owns what it reads from.
std::function<std::optional<Request>()> request_reader(const std::string& input) {
  const std::string name = input == "-" ? "stdin" : input;
  auto lines = std::make_shared<LineSource>(open_bytes(input), name);
  return [lines, name]() -> std::optional<Request> {
    std::string_view line;
    do {
      if (!lines->next(line)) return std::nullopt;
    } while (line.find_first_not_of(" \t\r") == line.npos);
    Request request;
    request.row.place = format_printable("{}:{}", name, lines->line());
    request.row.number = lines->line() - 1;
    request.error = tasks::text_error([](std::size_t, const Error&) {},
                                      [&] {
                                        request.row.columns = parse_json(line, "the line");
                                        request.texts = texts_of(request.row.columns);
                                      });
    return request;
  };
}

std::vector<Request> read_requests(const Options& o) {
  std::vector<Request> requests;
  if (o.input.empty()) {
    requests.push_back({{}, {o.prompt, o.continuations}});
    requests.back().row.columns = {{"prompt", o.prompt}, {"continuations", o.continuations}};
    return requests;
  }
  const auto next = request_reader(o.input);
  while (std::optional<Request> request = next()) requests.push_back(std::move(*request));
  check(!requests.empty(), ErrorKind::kBadInput, "{}: has no lines", o.input);
  return requests;
}

// The columns of all rows, in the order they first appear.
std::vector<std::string> columns_of(const std::vector<Request>& requests) {
  std::vector<std::string> columns;
  std::unordered_set<std::string> seen;
  for (const Request& request : requests)
    if (request.row.columns.is_object())
      for (const auto& [name, value] : request.row.columns.items())
        if (seen.insert(name).second) columns.push_back(name);
  return columns;
}

RowAnswer answer_of(const tasks::PromptedTexts& request, const std::vector<generate::Score>& scores) {
  Json list = Json::array();
  Table table{{"continuation", "log p", "tokens", "greedy"}};
  std::size_t best = 0;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    const generate::Score& s = scores[i];
    if (s.logprob > scores[best].logprob) best = i;
    list.push_back({{"continuation", request.continuations[i]},
                    {"logprob", s.logprob},
                    {"tokens", s.tokens},
                    {"greedy", s.greedy}});
    table.push_back({printable(dump_json(request.continuations[i])), format_printable("{:.4f}", s.logprob),
                     format_printable("{}", s.tokens), printable(s.greedy ? "yes" : "no")});
  }
  return {
      {{"scores", std::move(list)}}, format_table(table).text(), {request.continuations[best], scores[best].logprob}};
}

void answer_some(const LoadedModel& loaded, std::span<Request> requests, RowAnswers& answers) {
  std::vector<tasks::PromptedTexts> texts;
  std::vector<Request*> asked;
  for (Request& request : requests) {
    if (request.error) continue;
    texts.push_back(request.texts);
    asked.push_back(&request);
  }
  const auto scores = tasks::score_texts(*loaded.model, loaded.tokenizer(), texts, {},
                                         [&](std::size_t i, const Error& why) { asked[i]->error = why; });
  std::size_t next = 0;
  for (const Request& request : requests) {
    const bool was_asked = next < asked.size() && asked[next] == &request;
    const std::size_t i = was_asked ? next++ : 0;
    if (request.error)
      answers.refuse(request.row, *request.error);
    else
      answers.add(request.row, answer_of(request.texts, scores[i]));
  }
}

const std::vector<std::string> kJoined{"continuation", "logprob"};

void score_arrivals(const Options& o, const LoadedModel& loaded) {
  Arrivals<Request> rows(request_reader(o.input));
  std::optional<RowAnswers> answers;
  for (auto some = rows.take(kPromptsAtOnce); !some.empty(); some = rows.take(kPromptsAtOnce)) {
    if (!answers) answers.emplace(o.show, columns_of(some), kJoined);
    answer_some(loaded, some, *answers);
  }
  check(answers.has_value(), ErrorKind::kBadInput, kNoRows);
  answers->finish();
}

void score_prompts(const Command& command, const Options& o) {
  TextOptions source;
  source.input = o.input;
  if (!o.input.empty() && answers_as_rows_come(source, o.show)) return score_arrivals(o, load_model(command, o.model));
  std::vector<Request> requests = read_requests(o);
  const LoadedModel loaded = load_model(command, o.model);
  RowAnswers answers(o.show, columns_of(requests), kJoined);
  Progress bar("scoring", std::ssize(requests), "prompts");
  // Some at a time, so that answers come while others are still being computed.
  for (std::size_t at = 0; at < requests.size(); at += kPromptsAtOnce) {
    const auto part = std::span(requests).subspan(at, std::min(kPromptsAtOnce, requests.size() - at));
    answer_some(loaded, part, answers);
    bar.advance(std::ssize(part));
  }
  answers.finish();
}

void measure_perplexity(const Command& command, Options o) {
  const std::string text =
      o.perplexity == "-" ? std::string{std::istreambuf_iterator<char>(std::cin), {}} : read_data_text(o.perplexity);
  const LoadedModel loaded = load_model(command, o.model);
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
  const auto p = tasks::text_perplexity(*loaded.model, loaded.tokenizer(), text, options);
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

void check_usage(const Command& command, const Options& o) {
  const bool measures = !o.perplexity.empty(), prompts = command.given("--prompt") || !o.continuations.empty();
  if (static_cast<int>(measures) + static_cast<int>(prompts) + static_cast<int>(!o.input.empty()) != 1)
    command.wrong_usage("give --prompt with --continuation, or --input FILE, or --perplexity FILE");
  if (prompts && o.continuations.empty()) command.wrong_usage("what may follow? give --continuation TEXT");
  if (prompts && !command.given("--prompt")) command.wrong_usage("--continuation of what? give --prompt TEXT");
  if (o.window < 2 || o.stride < 1 || o.stride > o.window)
    command.wrong_usage(format_printable("--window {} --stride {}: a stride is 1 to the window, a window at least 2",
                                         o.window, o.stride));
  if (measures && command.given("--output"))
    command.wrong_usage("--output joins answers to rows; leave it out with --perplexity");
  check_answer_options(command, o.show);
  if (o.limit < 0) command.wrong_usage("--limit takes a number of tokens");
}

}  // namespace

void run_score(Arguments arguments) {
  Options o;
  Command command("score", "log-probabilities of continuations, and the perplexity of a text");
  command.example("linnet score --prompt 'I feel' --continuation ' happy' --continuation ' sad'");
  command.example("linnet score --perplexity book.txt --window 512 --stride 256 --limit 4096");
  command.group("Continuations");
  command.option("--prompt", o.prompt, "the text before the continuation");
  command.option("--continuation", o.continuations, "a text that may follow; several of them").allow_extra_args();
  command.option("--input", o.input, "JSON lines of {\"prompt\", \"continuations\"}; - for standard input");
  command.group("Perplexity");
  command.option("--perplexity", o.perplexity, "a text file (also .gz; - for standard input)");
  command.option("--window", o.window, "tokens looked at together; default: 512, or the model's context");
  command.option("--stride", o.stride, "tokens from window to window; default: 256, or half the context");
  command.option("--limit", o.limit, "only the first N tokens; 0: all");
  command.group("Output");
  add_answer_options(command, o.show, "scores as JSON, one object per prompt");
  add_model_options(command, o.model);
  command.parse(arguments);
  check_usage(command, o);
  if (o.perplexity.empty())
    score_prompts(command, o);
  else
    measure_perplexity(command, o);
}

}  // namespace linnet::app
