// linnet score: log-probabilities of continuations, and the perplexity of a text.
#include "linnet/generate/score.h"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <iterator>
#include <span>

#include "linnet/base/error.h"
#include "linnet/data/text_source.h"
#include "linnet/tasks/score_texts.h"
#include "model_options.h"
#include "output.h"
#include "progress.h"
#include "verbs.h"

namespace linnet::app {
namespace {

constexpr std::size_t kPromptsAtOnce = 128;

struct Options {
  ModelOptions model;
  std::string prompt, input, perplexity;
  std::vector<std::string> continuations;
  std::int64_t window = 512, stride = 256, limit = 0;
  bool json = false;
};

std::vector<std::string> texts_of(const Json& list, const std::string& place) {
  check(list.is_array() && !list.empty(), ErrorKind::kBadInput, "{}: 'continuations' is not a list of texts", place);
  std::vector<std::string> texts;
  for (const Json& item : list) texts.push_back(get_string(item, "continuations", place));
  return texts;
}

std::vector<tasks::PromptedTexts> read_requests(const Options& o) {
  if (o.input.empty()) return {{o.prompt, o.continuations}};
  std::vector<tasks::PromptedTexts> requests;
  const bool piped = o.input == "-";
  const std::string text = piped ? std::string{std::istreambuf_iterator<char>(std::cin), {}} : read_data_text(o.input);
  LineReader lines(text);
  for (std::string_view line; lines.next(line);) {
    if (line.find_first_not_of(" \t") == line.npos) continue;
    const std::string place = format_printable("{}:{}", piped ? "stdin" : o.input, lines.line());
    const Json json = parse_json(line, place);
    requests.push_back({get_string(require(json, "prompt", place), "prompt", place),
                        texts_of(require(json, "continuations", place), place), place});
  }
  check(!requests.empty(), ErrorKind::kBadInput, "{}: has no lines", o.input);
  return requests;
}

void print_scores(const Options& o, const tasks::PromptedTexts& request, const std::vector<generate::Score>& scores) {
  Json list = Json::array();
  Table table{{"continuation", "log p", "tokens", "greedy"}};
  for (std::size_t i = 0; i < scores.size(); ++i) {
    const generate::Score& s = scores[i];
    list.push_back({{"continuation", request.continuations[i]},
                    {"logprob", s.logprob},
                    {"tokens", s.tokens},
                    {"greedy", s.greedy}});
    table.push_back({printable(dump_json(request.continuations[i])), format_printable("{:.4f}", s.logprob),
                     format_printable("{}", s.tokens), printable(s.greedy ? "yes" : "no")});
  }
  if (o.json)
    print_json({{"scores", list}});
  else
    print_result(format_table(table).text());
}

void score_prompts(const Command& command, const Options& o) {
  const auto requests = read_requests(o);
  const LoadedModel loaded = load_model(command, o.model);
  Progress bar("scoring", static_cast<std::int64_t>(requests.size()), "prompts");
  // Some at a time, so that answers come while others are still being computed.
  for (std::size_t at = 0; at < requests.size(); at += kPromptsAtOnce) {
    const auto part = std::span(requests).subspan(at, std::min(kPromptsAtOnce, requests.size() - at));
    const std::vector<tasks::PromptedTexts> some(part.begin(), part.end());
    const auto scores = tasks::score_texts(*loaded.model, loaded.tokenizer(), some);
    for (std::size_t i = 0; i < some.size(); ++i) print_scores(o, some[i], scores[i]);
    bar.advance(static_cast<std::int64_t>(some.size()));
  }
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
  if (o.json)
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
    command.wrong_usage(
        format_printable("--window {} --stride {}: a stride is 1 to the window, a window at least 2", o.window, o.stride));
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
  command.option("--continuation", o.continuations, "a text that may follow; several of them")->allow_extra_args();
  command.option("--input", o.input, "JSON lines of {\"prompt\", \"continuations\"}; - for standard input");
  command.group("Perplexity");
  command.option("--perplexity", o.perplexity, "a text file (also .gz; - for standard input)");
  command.option("--window", o.window, "tokens looked at together (512, or the model's context)");
  command.option("--stride", o.stride, "tokens from window to window (256, or half the context)");
  command.option("--limit", o.limit, "only the first N tokens; 0: all");
  command.group("Output");
  command.flag("--json", o.json, "scores as JSON, one object a prompt");
  add_model_options(command, o.model);
  command.parse(arguments);
  check_usage(command, o);
  if (o.perplexity.empty())
    score_prompts(command, o);
  else
    measure_perplexity(command, o);
}

}  // namespace linnet::app
