#include "linnet/generate/continuation.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "linnet/base/error.h"
#include "linnet/base/log.h"

namespace linnet::generate {
namespace {

// Maximum number of new tokens, by the request and by the model's positions.
std::int64_t room(std::int64_t context, std::int64_t prompt, const GenerateOptions& o) {
  std::int64_t count = o.max_new_tokens;
  if (o.max_length) {
    check(*o.max_length > prompt, "the prompt has {} tokens, {} is {} and counts them; raise it or use {}", prompt,
          option("max_length"), *o.max_length, option("max_new_tokens"));
    count = *o.max_length - prompt;
  }
  if (context == 0) return count;
  check(prompt < context, "the prompt has {} tokens, the model's context is {}; shorten it", prompt, context);
  if (count > context - prompt) {
    note("{} new tokens asked for, the context of {} leaves room for {}", count, context, context - prompt);
    count = context - prompt;
  }
  return count;
}

StepLogprobs step_logprobs(std::span<const float> scores, std::int32_t chosen, std::int64_t top) {
  const Tensor logs = log_softmax(Tensor::from(scores, {1, static_cast<std::int64_t>(scores.size())}));
  const auto values = logs.data<float>();
  std::vector<std::int32_t> order(values.size());
  std::iota(order.begin(), order.end(), 0);
  const auto n = std::min<std::size_t>(static_cast<std::size_t>(top), order.size());
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(n), order.end(), [&](auto a, auto b) {
    return values[static_cast<std::size_t>(a)] > values[static_cast<std::size_t>(b)];
  });
  StepLogprobs step{{chosen, values[static_cast<std::size_t>(chosen)]}, {}};
  for (std::size_t i = 0; i < n; ++i) step.top.push_back({order[i], values[static_cast<std::size_t>(order[i])]});
  return step;
}

// The forced end token at the maximum length. Transformers gives several of them the same score; greedy search takes
// the lowest.
std::optional<std::int32_t> forced_end(const GenerateOptions& options, std::int64_t vocabulary) {
  std::optional<std::int32_t> lowest;
  for (const std::int32_t id : options.forced_eos_ids)
    if (id >= 0 && id < vocabulary && (!lowest || id < *lowest)) lowest = id;
  return lowest;
}

}  // namespace

Continuation::Continuation(const models::Model& model, Request request)
    : options_(std::move(request.options)),
      on_token_(std::move(request.on_token)),
      on_end_(std::move(request.on_end)),
      sampler_(options_.sampling, options_.seed),
      ids_(prompt_or_start(model, std::move(request.prompt), options_.decoder_start_id)) {
  require_next_tokens(model);
  check(!ids_.empty(), "the prompt is empty and the tokenizer adds no start token; give a text");
  for (const std::int32_t id : ids_)
    check(id >= 0 && id < model.config().vocab, "[generate] id {} is outside the vocabulary of {}", id,
          model.config().vocab);
  if (const auto& bos = options_.forced_bos_id)
    check(*bos >= 0 && *bos < model.config().vocab, ErrorKind::kBadInput,
          "{}: forced_bos_token_id {} is outside the vocabulary of {}", model.place().string(), *bos,
          model.config().vocab);
  prompt_ = std::ssize(ids_);
  result_.prompt_tokens = request.encoder_ids.empty() ? prompt_ : std::ssize(request.encoder_ids);
  const std::int64_t context = context_of(model, request.adapter.get());
  count_ = std::max<std::int64_t>(0, room(context, prompt_, options_));
  least_ = std::max(options_.min_new_tokens, options_.min_length - prompt_);
  last_ = forced_end(options_, model.config().vocab);
  ended_ = count_ == 0;
}

double Continuation::seconds_since_start() {
  const auto now = std::chrono::steady_clock::now();
  return std::chrono::duration<double>(now - std::exchange(start_, now)).count();
}

void Continuation::take(std::span<float> scores) {
  const std::int64_t step = std::ssize(result_.ids);
  if (step == 0) result_.prefill_seconds = seconds_since_start();
  const auto forbidden =
      step < least_ ? std::span<const std::int32_t>(options_.eos_ids) : std::span<const std::int32_t>();
  const std::vector<float> kept = options_.logprobs > 0 ? std::vector<float>(scores.begin(), scores.end())
                                                        : std::vector<float>();  // before any processor
  std::int32_t id = sampler_.choose(scores, ids_, forbidden, step == 0);
  if (step == 0 && prompt_ == 1) id = options_.forced_bos_id.value_or(id);
  if (step + 1 == count_) id = last_.value_or(id);
  if (!kept.empty()) result_.logprobs.push_back(step_logprobs(kept, id, options_.logprobs));
  result_.ids.push_back(id);
  ids_.push_back(id);
  const bool end = std::ranges::find(options_.eos_ids, id) != options_.eos_ids.end();
  ended_ = end || step + 1 >= count_;
  const bool stopped = on_token_ && !on_token_(id);
  if (end || stopped) result_.finish = FinishReason::kStop;
  ended_ = ended_ || stopped;
}

void Continuation::stop() {
  ended_ = true;
  result_.finish = FinishReason::kStop;
}

void Continuation::found(std::int64_t tokens) {
  if (result_.ids.empty()) result_.cached_tokens = tokens;
}

void Continuation::finish() {
  (result_.ids.empty() ? result_.prefill_seconds : result_.decode_seconds) = seconds_since_start();
  if (on_end_) on_end_(result_);
}

}  // namespace linnet::generate
