#include "linnet/tasks/write_text.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "linnet/base/error.h"
#include "linnet/base/log.h"
#include "linnet/generate/engine.h"
#include "linnet/generate/stop_text.h"
#include "linnet/tasks/chat.h"
#include "linnet/tasks/chunks.h"
#include "linnet/tasks/prompt_ids.h"

namespace linnet::tasks {
namespace {

constexpr std::size_t kWriteMemory = std::size_t{256} << 20;  // keys and values of texts that are written together
constexpr std::size_t kTogether = 16;                         // texts at most
constexpr std::int64_t kSpare = 8;  // tokens: a chunk encoded alone may have a few more than in its text

constexpr std::pair<std::string_view, std::string_view> kLanguages[] = {
    {"ar", "Arabic"},     {"bg", "Bulgarian"}, {"cs", "Czech"},     {"da", "Danish"},    {"de", "German"},
    {"el", "Greek"},      {"en", "English"},   {"es", "Spanish"},   {"et", "Estonian"},  {"fa", "Persian"},
    {"fi", "Finnish"},    {"fr", "French"},    {"he", "Hebrew"},    {"hi", "Hindi"},     {"hu", "Hungarian"},
    {"id", "Indonesian"}, {"it", "Italian"},   {"ja", "Japanese"},  {"ko", "Korean"},    {"lt", "Lithuanian"},
    {"lv", "Latvian"},    {"nl", "Dutch"},     {"no", "Norwegian"}, {"pl", "Polish"},    {"pt", "Portuguese"},
    {"ro", "Romanian"},   {"ru", "Russian"},   {"sk", "Slovak"},    {"sl", "Slovenian"}, {"sv", "Swedish"},
    {"th", "Thai"},       {"tr", "Turkish"},   {"uk", "Ukrainian"}, {"ur", "Urdu"},      {"vi", "Vietnamese"},
    {"zh", "Chinese"},
};

bool same_word(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::ranges::equal(a, b, [&](char x, char y) { return lower(x) == lower(y); });
}

// Code and name of a language; another text is both.
std::pair<std::string, std::string> language(const std::string& text) {
  for (const auto& [code, name] : kLanguages)
    if (same_word(text, code) || same_word(text, name)) return {std::string(code), std::string(name)};
  return {text, text};
}

// The parameters of the task, and the checkpoint's own beneath them, as one object for parse_generation_config.
Json task_parameters(const models::ModelFiles& files, const std::vector<std::string>& names) {
  if (!files.is_folder()) return Json::object();
  const Json& config = files.config_json();
  if (!config.contains("task_specific_params") || !config["task_specific_params"].is_object()) return Json::object();
  const Json& all = config["task_specific_params"];
  for (const std::string& name : names) {
    if (!all.contains(name)) continue;
    check(all[name].is_object(), ErrorKind::kBadInput,
          "{}: task_specific_params has {} for '{}', not an object; correct the file",
          (files.transformer() / "config.json").string(), printable(dump_json(all[name]), 60), name);
    return all[name];
  }
  return Json::object();
}

template <class T>
void overlay(std::optional<T>& value, const std::optional<T>& other) {
  if (other) value = other;
}

GenerationConfig overlaid(GenerationConfig c, const GenerationConfig& task) {
  overlay(c.max_length, task.max_length);
  overlay(c.max_new_tokens, task.max_new_tokens);
  overlay(c.min_length, task.min_length);
  overlay(c.min_new_tokens, task.min_new_tokens);
  overlay(c.repetition_penalty, task.repetition_penalty);
  overlay(c.no_repeat_ngram_size, task.no_repeat_ngram_size);
  overlay(c.num_beams, task.num_beams);
  overlay(c.length_penalty, task.length_penalty);
  overlay(c.early_stopping, task.early_stopping);
  overlay(c.decoder_start_id, task.decoder_start_id);
  overlay(c.forced_bos_id, task.forced_bos_id);
  if (!task.forced_eos_ids.empty()) c.forced_eos_ids = task.forced_eos_ids;
  if (!task.bad_words_ids.empty()) c.bad_words_ids = task.bad_words_ids;
  return c;
}

std::string prefix_of(const models::ModelFiles& files, const Json& task) {
  const std::string place = (files.transformer() / "config.json").string();
  if (task.contains("prefix")) return task["prefix"].is_null() ? "" : get_string(task["prefix"], "prefix", place);
  if (!files.is_folder()) return "";
  const Json& config = files.config_json();
  return config.contains("prefix") && !config["prefix"].is_null() ? get_string(config["prefix"], "prefix", place) : "";
}

std::string without_blank_ends(std::string text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(" \t\r\n") + 1 - first);
}

}  // namespace

WriteOptions summary_options() {
  return {.names = {"summarization"}, .prompt = PromptTemplate::parse("summarize"), .stop = {"\n\n"}, .stride = 64};
}

WriteOptions translation_options(const std::string& from, const std::string& to) {
  const auto [from_code, from_name] = language(from);
  const auto [to_code, to_name] = language(to);
  std::string source = PromptTemplate::parse("translate").source();
  for (const auto& [slot, name] : {std::pair("{{ from }}", from_name), std::pair("{{ to }}", to_name)})
    for (auto at = source.find(slot); at != std::string::npos; at = source.find(slot))
      source.replace(at, std::string_view(slot).size(), name);
  WriteOptions options{.names = {"translation_" + from_code + "_to_" + to_code, "translation"},
                       .source_language = from_code,
                       .target_language = to_code,
                       .prompt = PromptTemplate::from_source(std::move(source), "translate"),
                       .stop = {"\n"}};
  return options;
}

WriteOptions written_answer_options() {
  return {
      .names = {"question-answering"},
      .prompt = PromptTemplate::parse("answer-question"),
      .encoder_prompt = PromptTemplate::from_source("question: {{ question }} context: {{ text }}", "answer-question"),
      .stop = {"\n"},
      .overrides = {.logprobs = 1}};
}

TextWriter::TextWriter(const Loaded& loaded, WriteOptions options)
    : loaded_(loaded),
      tokenizer_(loaded.tokenizer()),
      options_(std::move(options)),
      reads_(loaded.model->config().stack == nn::Stack::kEncoderDecoder),
      chats_(!reads_ && loaded.chat_template() != nullptr) {
  generate::require_next_tokens(*loaded.model);
  const models::ModelFiles& files = loaded.files.model;
  const Json task = task_parameters(files, options_.names);
  const std::string place = (files.transformer() / "config.json").string() + ": task_specific_params";
  const GenerationConfig config = overlaid(loaded.generation(), parse_generation_config(task, place));
  if (reads_) prefix_ = prefix_of(files, task);
  generation_ = generate::resolve(options_.overrides, config);
  if (reads_ && task.empty() && !options_.target_language.empty()) mark_languages();
  if (generation_.beams.num_beams > 1) generation_.logprobs = 0;
  stop_ = config.stop_strings;
  if (!reads_ && !chats_) stop_.insert(stop_.end(), options_.stop.begin(), options_.stop.end());
}

// A multilingual model reads the languages as tokens; one of a single pair has none.
void TextWriter::mark_languages() {
  if (tokenizer_.languages().empty())
    return note("{}: names no languages, so the model translates as it was trained, whatever the languages asked for",
                loaded_.files.model.place().string());
  tokenizer_ = tokenizer_.with_languages(options_.source_language, options_.target_language);
  if (const auto id = tokenizer_.target_language_id()) generation_.forced_bos_id = *id;
}

std::string TextWriter::prompt_of(const WriteInput& input) const {
  if (reads_ && !options_.encoder_prompt) return prefix_ + input.text;
  Json slots = input.slots.is_object() ? input.slots : Json::object();
  slots["text"] = input.text;
  return (reads_ ? *options_.encoder_prompt : options_.prompt).render(slots);
}

std::vector<std::int32_t> TextWriter::ids_of(const WriteInput& input) const {
  const std::string prompt = prompt_of(input);
  if (chats_) return chat_ids(loaded_, Json::array({{{"role", "user"}, {"content", prompt}}}));
  return input_ids(*loaded_.model, tokenizer_, prompt);
}

std::int64_t TextWriter::limit() const {
  const std::int64_t context = loaded_.model->context();
  if (!reads_) {
    if (context <= 0) return 0;
    const std::int64_t written =
        generation_.max_length ? context / 4 : std::min(generation_.max_new_tokens, context / 2);
    return std::max<std::int64_t>(1, context - written);
  }
  return options_.stride ? length_limit(*loaded_.model, tokenizer_) : context;
}

// The text in pieces, whose prompts have at most limit() tokens. `ids`: of the whole prompt.
std::vector<WriteInput> TextWriter::chunks_of_text(const WriteInput& input, std::size_t ids) const {
  const Encoding text = tokenizer_.encode(input.text, {.add_special_tokens = false, .want_tokens = false});
  const std::int64_t around = static_cast<std::int64_t>(ids) - static_cast<std::int64_t>(text.size());
  check(limit() > around + kSpare,
        "the prompt has {} tokens besides the text, and the model reads {}; take a shorter one", around, limit());
  Frame bare;
  bare.pieces.push_back({});
  std::vector<WriteInput> pieces;
  for (const Chunk& chunk :
       chunks_of({.text = text.ids, .max_length = limit() - around - kSpare, .stride = *options_.stride}, bare)) {
    const auto first = static_cast<std::size_t>(chunk.tokens.front()),
               last = static_cast<std::size_t>(chunk.tokens.back());
    const auto begin = static_cast<std::size_t>(text.offsets[first].first);
    const auto end = static_cast<std::size_t>(text.offsets[last].second);
    pieces.push_back({input.text.substr(begin, std::max(begin, end) - begin), input.slots});
  }
  return pieces;
}

std::vector<std::vector<std::int32_t>> TextWriter::prompts_of(const WriteInput& input) const {
  check(input.text.find_first_not_of(" \t\r\n") != std::string::npos, "{}", kNoTokens);
  std::vector<std::vector<std::int32_t>> prompts{ids_of(input)};
  const std::size_t count = prompts.front().size();
  if (limit() == 0 || static_cast<std::int64_t>(count) <= limit()) return prompts;
  check(options_.stride.has_value(), "the text has {} tokens with its prompt, and the model reads {}; cut it", count,
        limit());
  prompts.clear();
  for (const WriteInput& piece : chunks_of_text(input, count)) prompts.push_back(ids_of(piece));
  return prompts;
}

std::string TextWriter::text_of(std::span<const std::int32_t> ids) const {
  std::string text = tokenizer_.decode(ids, true, DecodedSpaces::kAsTheyAre);
  if (!reads_) text = without_blank_ends(std::move(text));
  for (const std::string& stop : stop_)
    if (const auto at = stop.empty() ? std::string::npos : text.find(stop); at != std::string::npos) text.resize(at);
  return text;
}

// Ends the generation at a stop text; one before the first word does not count.
generate::OnToken TextWriter::until_stop() const {
  if (stop_.empty() || generation_.beams.num_beams > 1) return {};
  struct State {
    StreamDecoder decoder;
    generate::StopText stop;
    bool begun = false;
  };
  const auto state = std::make_shared<State>(State{StreamDecoder(tokenizer_), generate::StopText(stop_)});
  return [state](std::int32_t id) {
    const std::string text = state->decoder.push(id);
    const auto word = state->begun ? 0 : text.find_first_not_of(" \t\r\n");
    if (word == std::string::npos) return true;
    state->begun = true;
    state->stop.push(std::string_view(text).substr(word));
    return !state->stop.found();
  };
}

WrittenText TextWriter::write(const WriteInput& input) const {
  WrittenText result;
  write_each({&input, 1}, [&](std::size_t, const WrittenText& written) { result = written; });
  return result;
}

void TextWriter::write_each(std::span<const WriteInput> inputs, const OnWritten& on_written,
                            const OnRefusal& on_refusal) const {
  const models::Model& model = *loaded_.model;
  for (std::size_t begin = 0; begin < inputs.size();) {
    const std::size_t end = std::min(begin + kTogether, inputs.size());
    std::vector<std::vector<std::vector<std::int32_t>>> prompts(end - begin);
    std::vector<std::vector<std::string>> parts(end - begin);
    std::vector<WrittenText> written(end - begin);
    std::vector<std::optional<Error>> errors;
    std::size_t longest = 0;
    for (std::size_t i = begin; i < end; ++i) {
      errors.push_back(text_error(on_refusal, [&] { prompts[i - begin] = prompts_of(inputs[i]); }));
      for (const auto& prompt : prompts[i - begin]) longest = std::max(longest, prompt.size());
    }
    const auto beams = static_cast<std::size_t>(generation_.beams.num_beams);
    const std::size_t positions =
        longest + static_cast<std::size_t>(model.virtual_tokens().count() + kKvBlock +
                                           generation_.max_length.value_or(0) + generation_.max_new_tokens);
    generate::Engine engine(
        model, {.memory = std::max(kWriteMemory, beams * model.make_cache().bytes_per_position() * positions)});
    for (std::size_t i = 0; i < prompts.size(); ++i) {
      parts[i].resize(prompts[i].size());
      written[i].chunks = std::ssize(prompts[i]);
      for (std::size_t p = 0; p < prompts[i].size(); ++p) {
        generate::Request request{.options = generation_};
        (reads_ ? request.encoder_ids : request.prompt) = std::move(prompts[i][p]);
        request.on_token = until_stop();
        request.on_end = [this, &text = parts[i][p], &all = written[i]](generate::Generation& g) {
          text = text_of(g.ids);
          for (const generate::StepLogprobs& step : g.logprobs) all.logprob += step.chosen.logprob;
          if (!g.sequences.empty()) all.logprob = NAN;
          for (std::size_t s = 1; s < g.sequences.size() && all.chunks == 1; ++s)
            all.others.push_back(text_of(g.sequences[s].ids));
        };
        errors[i] = errors[i] ? errors[i] : text_error(on_refusal, [&] { engine.submit(std::move(request)); });
      }
    }
    while (engine.step()) {
    }
    for (std::size_t i = 0; begin < end; ++i, ++begin) {
      written[i].text = fmt::format("{}", fmt::join(parts[i], " "));
      if (errors[i])
        on_refusal(begin, *errors[i]);
      else
        on_written(begin, written[i]);
    }
  }
}

}  // namespace linnet::tasks
