// POST /v1/completions
#include <fmt/format.h>

#include <algorithm>

#include "linnet/generate/overrides.h"
#include "linnet/serve/openai_text.h"
#include "linnet/serve/routes.h"
#include "linnet/tasks/prompt_ids.h"

namespace linnet::serve {
namespace {

constexpr std::int64_t kLegacyNewTokens = 16;  // OpenAI's default

PromptInput text_prompt(const ServedModel& model, const std::string& text) {
  const Loaded& loaded = model.loaded;
  PromptInput prompt{.ids = tasks::input_ids(*loaded.model, loaded.tokenizer(), text),
                     .text = text,
                     .opening = std::ssize(loaded.tokenizer().frame().before())};
  const auto start = loaded.tokenizer().bos_id() ? loaded.tokenizer().bos_id() : loaded.tokenizer().eos_id();
  if (prompt.ids.empty() && start) {
    prompt.ids = {*start};
    prompt.opening = 1;
  }
  return prompt;
}

bool is_ids(const Json& list) {
  return list.is_array() && !list.empty() &&
         std::ranges::all_of(list, [](const Json& entry) { return entry.is_number_integer(); });
}

PromptInput ids_prompt(const ServedModel& model, const Json& list) {
  PromptInput prompt;
  const std::int64_t vocabulary = model.loaded.model->config().vocab;
  for (const Json& entry : list) {
    const bool fits = entry.is_number_unsigned() && entry.get<std::uint64_t>() < static_cast<std::uint64_t>(vocabulary);
    if (!fits)
      throw ApiError(400, fmt::format("'prompt' has a token outside the vocabulary of {}", vocabulary), "prompt");
    prompt.ids.push_back(entry.get<std::int32_t>());
  }
  prompt.text = model.loaded.tokenizer().decode(prompt.ids, false, DecodedSpaces::kAsTheyAre);
  return prompt;
}

PromptInput one_prompt(Fields& fields, const ServedModel& model, const Json& entry) {
  if (entry.is_string()) return text_prompt(model, entry.get<std::string>());
  if (is_ids(entry)) return ids_prompt(model, entry);
  fields.wrong("prompt", "is neither a text, nor token ids, nor a list of these");
}

std::vector<PromptInput> read_prompts(Fields& fields, const ServedModel& model) {
  const Json& prompt = fields.required("prompt");
  if (prompt.is_string() || is_ids(prompt)) return {one_prompt(fields, model, prompt)};
  if (!prompt.is_array() || prompt.empty())
    fields.wrong("prompt", "is neither a text, nor token ids, nor a list of these");
  if (std::ssize(prompt) > kMostSequences)
    fields.wrong("prompt", fmt::format("has {} entries, at most {} are taken", prompt.size(), kMostSequences));
  std::vector<PromptInput> prompts;
  for (const Json& entry : prompt) prompts.push_back(one_prompt(fields, model, entry));
  return prompts;
}

}  // namespace

std::shared_ptr<Job> completions(const Json& body, const std::shared_ptr<Call>& call) {
  ServedModel& model = call->model();
  Fields fields(body);
  read_model(fields, model);
  model.require_text();
  TextRequest request;
  request.prompts = read_prompts(fields, model);
  request.logprobs = fields.integer("logprobs", 0, kMostTopLogprobs);
  request.echo = fields.flag("echo").value_or(false);
  const std::int64_t count = fields.integer("max_tokens", 0, kMostNewTokens).value_or(kLegacyNewTokens);
  const StreamWish wish = read_stream(fields);
  fields.refuse("suffix", Json(""), "no text is inserted before another one");
  fields.refuse("best_of", Json(1), "send n, and choose by the log-probabilities");
  read_generation(fields, model, count, request);
  fields.finish();
  const bool reads = model.loaded.model->config().stack == nn::Stack::kEncoderDecoder;
  if (reads && request.echo) fields.wrong("echo", "has no meaning for an encoder-decoder; leave it out");
  // A prompt that fills the context can still be scored.
  if (!reads)
    for (const PromptInput& prompt : request.prompts)
      model.check_prompt(prompt.ids.size() - (count == 0 && !prompt.ids.empty() ? 1 : 0), "prompt");
  const TextForm form{.wish = wish,
                      .logprobs = request.logprobs.has_value(),
                      .choices = static_cast<std::int64_t>(request.prompts.size()) * request.n};
  return std::make_shared<TextJob>(model, call->metrics(), std::move(request), openai_sink(call, form));
}

}  // namespace linnet::serve
