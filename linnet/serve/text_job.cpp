#include "linnet/serve/text_job.h"

#include <algorithm>
#include <numeric>

#include "linnet/base/utf8.h"

namespace linnet::serve {

using generate::FinishReason;
using generate::Generation;

struct TextJob::Choice {
  std::size_t index;
  std::shared_ptr<Sequence> sequence;
  generate::StopText stop;
  StreamDecoder decoder;
  std::vector<TokenChance> held = {};   // tokens whose text is not shown yet
  std::int64_t decoded = 0, shown = 0;  // characters
  std::chrono::steady_clock::time_point last = {};
};

Json TextUsage::json() const {
  return {{"prompt_tokens", prompt},
          {"completion_tokens", completion},
          {"total_tokens", prompt + completion},
          {"prompt_tokens_details", {{"cached_tokens", cached}}}};
}

std::vector<generate::TokenLogprob> top_tokens(std::span<const float> logprobs, std::int64_t count) {
  std::vector<std::int32_t> order(logprobs.size());
  std::iota(order.begin(), order.end(), 0);
  const auto kept = std::min(static_cast<std::size_t>(count), order.size());
  const auto more = [&](std::int32_t a, std::int32_t b) {
    return logprobs[static_cast<std::size_t>(a)] > logprobs[static_cast<std::size_t>(b)];
  };
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(kept), order.end(), more);
  std::vector<generate::TokenLogprob> top;
  for (std::size_t i = 0; i < kept; ++i) top.push_back({order[i], logprobs[static_cast<std::size_t>(order[i])]});
  return top;
}

TextJob::TextJob(ServedModel& model, Metrics& metrics, TextRequest request, std::unique_ptr<TextSink> sink)
    : model_(model), metrics_(metrics), request_(std::move(request)), sink_(std::move(sink)) {}

void TextJob::begin(std::size_t index, const std::shared_ptr<Sequence>& sequence) {
  const auto choice = std::make_shared<Choice>(Choice{.index = index,
                                                      .sequence = sequence,
                                                      .stop = generate::StopText(request_.stops),
                                                      .decoder = StreamDecoder(model_.loaded.tokenizer())});
  const PromptInput& prompt = prompt_of(index);
  if (index % static_cast<std::size_t>(request_.n) == 0) usage_.prompt += std::ssize(prompt.ids);
  if (!request_.echo) return generate(choice);
  choice->shown = choice->decoded = static_cast<std::int64_t>(utf8::count(prompt.text));
  if (!request_.logprobs) {
    sink_->part({.choice = index, .text = prompt.text});
    return generate(choice);
  }
  score_prompt(choice);
}

// Log-probabilities of the prompt's tokens: those after the first one are scored as its continuation.
void TextJob::score_prompt(const std::shared_ptr<Choice>& choice) {
  const PromptInput& prompt = prompt_of(choice->index);
  const auto part = std::make_shared<TextPart>(TextPart{.choice = choice->index, .text = prompt.text});
  StreamDecoder decoder(model_.loaded.tokenizer(), false);
  std::int64_t characters = 0;
  for (std::size_t i = 0; i < prompt.ids.size(); ++i) {
    part->tokens.push_back({.id = prompt.ids[i], .logprob = std::nullopt, .offset = characters});
    if (static_cast<std::int64_t>(i) >= prompt.opening)
      characters += static_cast<std::int64_t>(utf8::count(decoder.push(prompt.ids[i])));
  }
  const auto scored = [this, choice, part] {
    sink_->part(*part);
    generate(choice);
  };
  if (prompt.ids.size() < 2) return scored();
  const auto on_token = [this, part, at = std::size_t{1}](std::int32_t token, std::span<const float> logprobs) mutable {
    TokenChance& chance = part->tokens[at++];
    chance.logprob = logprobs[static_cast<std::size_t>(token)];
    chance.top = top_tokens(logprobs, *request_.logprobs);
    return true;
  };
  Sequence& sequence = *choice->sequence;
  sequence.submit(
      generate::ScoreRequest{.prompt = {prompt.ids.front()},
                             .continuations = {{prompt.ids.begin() + 1, prompt.ids.end()}},
                             .on_end = sequence.guarded([scored](const std::vector<generate::Score>&) { scored(); }),
                             .on_token = sequence.guarded(on_token)});
}

void TextJob::generate(const std::shared_ptr<Choice>& choice) {
  const PromptInput& prompt = prompt_of(choice->index);
  if (request_.options.max_new_tokens == 0) {  // the prompt may fill the context
    Generation none;
    return close(*choice, none);
  }
  Sequence& sequence = *choice->sequence;
  generate::Request request{.options = request_.options};
  const bool reads = model_.loaded.model->config().stack == nn::Stack::kEncoderDecoder;
  (reads ? request.encoder_ids : request.prompt) = prompt.ids;
  // Choices of one prompt differ; those of the same number and prompt are the same.
  request.options.seed += static_cast<std::uint64_t>(choice->index % static_cast<std::size_t>(request_.n));
  if (request_.logprobs) request.options.logprobs = std::max<std::int64_t>(1, *request_.logprobs);
  request.on_step = sequence.guarded([this, choice](const Generation& so_far) { return take(*choice, so_far); });
  request.on_end = sequence.guarded([this, choice](Generation& whole) { close(*choice, whole); });
  sequence.submit(std::move(request));
}

void TextJob::count_time(Choice& choice) {
  const auto now = std::chrono::steady_clock::now();
  const bool first = choice.last == std::chrono::steady_clock::time_point{};
  (first ? metrics_.first_token : metrics_.between_tokens)
      .add(std::chrono::duration<double>(now - (first ? start_ : choice.last)).count());
  choice.last = now;
}

// Returns false at a stop text.
bool TextJob::take(Choice& choice, const Generation& so_far) {
  count_time(choice);
  if (request_.logprobs) {
    const generate::StepLogprobs& step = so_far.logprobs.back();
    TokenChance chance{.id = step.chosen.id, .logprob = step.chosen.logprob, .top = step.top, .offset = choice.decoded};
    chance.top.resize(std::min(chance.top.size(), static_cast<std::size_t>(*request_.logprobs)));
    choice.held.push_back(std::move(chance));
  }
  const std::string text = choice.decoder.push(so_far.ids.back());
  choice.decoded += static_cast<std::int64_t>(utf8::count(text));
  show(choice, choice.stop.push(text), std::nullopt);
  return !choice.stop.found();
}

void TextJob::close(Choice& choice, Generation& whole) {
  std::string rest = choice.stop.push(choice.decoder.finish());
  rest += choice.stop.finish();
  usage_.completion += std::ssize(whole.ids);
  usage_.cached += whole.cached_tokens;
  metrics_.count_tokens(whole.prompt_tokens, std::ssize(whole.ids));
  show(choice, std::move(rest), choice.stop.found() ? FinishReason::kStop : whole.finish);
  choice.sequence->done();
}

// Tokens are shown with their text; those of a stop text are not.
void TextJob::show(Choice& choice, std::string text, std::optional<FinishReason> finish) {
  if (text.empty() && !finish) return;
  choice.shown += static_cast<std::int64_t>(utf8::count(text));
  const bool all = finish && !choice.stop.found();
  TextPart part{.choice = choice.index, .text = std::move(text), .finish = finish};
  std::size_t count = 0;
  while (count < choice.held.size() && (all || choice.held[count].offset < choice.shown)) ++count;
  const auto end = choice.held.begin() + static_cast<std::ptrdiff_t>(count);
  part.tokens.assign(std::make_move_iterator(choice.held.begin()), std::make_move_iterator(end));
  choice.held.erase(choice.held.begin(), end);
  sink_->part(part);
}

}  // namespace linnet::serve
