#include "completer.h"

#include <fmt/format.h>

#include <chrono>

#include "interrupt.h"
#include "linnet/base/error.h"
#include "linnet/tasks/chat.h"
#include "linnet/tasks/choose.h"
#include "linnet/tasks/prompt_ids.h"
#include "output.h"

namespace linnet::app {
namespace {

double rate(std::int64_t tokens, double seconds) {
  return tokens > 0 && seconds > 0 ? static_cast<double>(tokens) / seconds : 0;
}

// The prompt's pass gives the first new token; only later ones count as decoding.
std::int64_t decoded(const generate::Generation& g) { return static_cast<std::int64_t>(g.ids.size()) - 1; }

const char* reason_name(generate::FinishReason reason) {
  return reason == generate::FinishReason::kStop ? "stop" : "length";
}

Json timing(const generate::Generation& g, double load_seconds) {
  return {{"load_s", load_seconds},
          {"prefill_s", g.prefill_seconds},
          {"decode_s", g.decode_seconds},
          {"prefill_tokens_per_s", rate(g.prompt_tokens - g.cached_tokens, g.prefill_seconds)},
          {"decode_tokens_per_s", rate(decoded(g), g.decode_seconds)}};
}

}  // namespace

Completer::Completer(const Loaded& loaded, tasks::CompleteOptions options, CompleterOptions show)
    : loaded_(loaded),
      options_(std::move(options)),
      engine_(*loaded.model, {.interrupted = &PoliteInterrupt::asked}),
      show_(std::move(show)) {}

void Completer::check_options() const { generate::resolve(options_.overrides, loaded_.generation()); }

void Completer::check_memory(const Prompt& prompt) const {
  if (!show_.memory) return;
  const auto o = generate::resolve(options_.overrides, loaded_.generation());
  const auto prompted = static_cast<std::int64_t>(prompt.ids.size());
  show_.memory->check(o.max_length ? std::max(prompted, *o.max_length) : prompted + o.max_new_tokens);
}

Prompt Completer::plain(const std::string& text) const {
  return {tasks::input_ids(*loaded_.model, loaded_.tokenizer(), text), text, tasks::Opening::kAdd};
}

Prompt Completer::from_ids(std::vector<std::int32_t> ids) const {
  std::string text = loaded_.tokenizer_if_there ? loaded_.tokenizer().decode(ids) : std::string();
  return {std::move(ids), std::move(text)};
}

Prompt Completer::chat(const Json& messages) const {
  const std::string text = tasks::render_chat(loaded_, messages);
  return {tasks::prompt_ids(loaded_.tokenizer(), text, tasks::Opening::kWritten), text, tasks::Opening::kWritten};
}

tasks::Completion Completer::continued(const Prompt& prompt, const tasks::OnText& on_text) {
  engine_.forget_all_but(prompt.ids);
  if (loaded_.tokenizer_if_there) return tasks::complete(engine_, loaded_, prompt.ids, options_, on_text);
  const auto options = generate::resolve(options_.overrides, loaded_.generation());
  return {.text = {}, .generation = generate::generate(engine_, prompt.ids, options), .texts = {}};
}

Answer Completer::complete(const Prompt& prompt) {
  check_memory(prompt);
  if (!show_.choices.empty()) return complete_with_choice(prompt);
  const bool stream = show_.format == Format::kText;
  if (stream && show_.echo == Echo::kPrompt) print_generated(prompt.text);
  const auto show = [&](std::string_view piece) {
    if (stream) print_generated(piece);
    return !PoliteInterrupt::asked();
  };
  tasks::Completion c = continued(prompt, show);
  const Ending ending = PoliteInterrupt::asked()                               ? Ending::kStopped
                        : c.generation.finish == generate::FinishReason::kStop ? Ending::kItself
                                                                               : Ending::kLength;
  if (!stream) {
    print_json(as_json(prompt, c));
    return {std::move(c.text), ending};
  }
  print_result("\n");
  for (std::size_t i = 1; i < c.texts.size(); ++i) {
    print_generated(c.texts[i]);
    print_result("\n");
  }
  if (!c.generation.logprobs.empty()) print_logprobs(c.generation);
  if (stderr_is_terminal()) print_figures(c.generation, ending);
  return {std::move(c.text), ending};
}

Answer Completer::complete_with_choice(const Prompt& prompt) {
  const auto start = std::chrono::steady_clock::now();
  const auto choices = prompt.opening ? tasks::choose(loaded_, prompt.text, show_.choices, *prompt.opening)
                                      : tasks::choose(loaded_, prompt.ids, show_.choices);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  const tasks::Choice& best = choices.front();
  const std::string text = show_.echo == Echo::kPrompt ? prompt.text + best.text : best.text;
  if (show_.format == Format::kText) {
    print_generated(text);
    print_result("\n");
    return {best.text, Ending::kItself};
  }
  Json json = Json::object();
  if (prompt.row) json["row"] = *prompt.row;
  json["text"] = text;
  json["ids"] = best.ids;
  json["finish_reason"] = reason_name(generate::FinishReason::kStop);
  for (const tasks::Choice& c : choices)
    json["choices"].push_back({{"text", c.text}, {"score", c.score}, {"logprob", c.logprob}, {"tokens", c.ids.size()}});
  json["usage"] = {{"prompt_tokens", prompt.ids.size()}, {"completion_tokens", best.ids.size()}};
  json["timing"] = {{"load_s", show_.load_seconds}, {"score_s", seconds.count()}};
  print_json(json);
  return {best.text, Ending::kItself};
}

void Completer::print_figures(const generate::Generation& g, Ending ending) const {
  if (ending == Ending::kStopped && g.ids.empty())
    return print_note(format_printable("[stopped while the prompt of {} tokens was computed]", g.prompt_tokens));
  const char* const ended = ending == Ending::kStopped  ? "stopped"
                            : ending == Ending::kItself ? "ended by itself"
                                                        : "cut at the length (-n/--max-new-tokens)";
  print_note(format_printable("[{} + {} tokens, {}; {:.0f} and {:.0f} tokens/s]", g.prompt_tokens, g.ids.size(), ended,
                              rate(g.prompt_tokens - g.cached_tokens, g.prefill_seconds),
                              rate(decoded(g), g.decode_seconds)));
}

Json Completer::as_json(const Prompt& prompt, const tasks::Completion& c) const {
  const generate::Generation& g = c.generation;
  Json json = Json::object();
  if (prompt.row) json["row"] = *prompt.row;
  json["text"] = show_.echo == Echo::kPrompt ? prompt.text + c.text : c.text;
  json["ids"] = g.ids;
  json["finish_reason"] = reason_name(g.finish);
  if (!g.logprobs.empty()) json["logprobs"] = logprobs(g);
  if (!g.sequences.empty()) json["sequences"] = sequences(prompt, c);
  json["usage"] = {{"prompt_tokens", g.prompt_tokens}, {"completion_tokens", g.ids.size()}};
  json["timing"] = timing(g, show_.load_seconds);
  return json;
}

Json Completer::sequences(const Prompt& prompt, const tasks::Completion& c) const {
  Json list = Json::array();
  for (std::size_t i = 0; i < c.generation.sequences.size(); ++i) {
    const generate::ScoredSequence& s = c.generation.sequences[i];
    Json& item = list.emplace_back(Json::object());
    if (i < c.texts.size()) item["text"] = show_.echo == Echo::kPrompt ? prompt.text + c.texts[i] : c.texts[i];
    item["ids"] = s.ids;
    item["score"] = s.score;
    item["finish_reason"] = reason_name(s.finish);
  }
  return list;
}

Json Completer::token(const generate::TokenLogprob& t) const {
  Json json{{"id", t.id}};
  if (loaded_.tokenizer_if_there) json["token"] = loaded_.tokenizer().decode(std::vector{t.id}, false);
  json["logprob"] = t.logprob;
  return json;
}

Json Completer::logprobs(const generate::Generation& g) const {
  Json list = Json::array();
  for (const generate::StepLogprobs& step : g.logprobs) {
    Json& item = list.emplace_back(token(step.chosen));
    item["top"] = Json::array();
    for (const generate::TokenLogprob& t : step.top) item["top"].push_back(token(t));
  }
  return list;
}

void Completer::print_logprobs(const generate::Generation& g) const {
  const auto cell = [&](const generate::TokenLogprob& t) {
    const Json json = token(t);
    return format_printable("{} {:.3f}", dump_json(json.contains("token") ? json["token"] : json["id"]), t.logprob);
  };
  Table rows{{"token", "likeliest"}};
  for (const generate::StepLogprobs& step : g.logprobs) {
    Printable top;
    for (const generate::TokenLogprob& t : step.top) top += (top == "" ? Printable("") : Printable("  ")) + cell(t);
    rows.push_back({cell(step.chosen), top});
  }
  print_result(format_table(rows).text());
}

}  // namespace linnet::app
