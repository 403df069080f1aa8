#include "linnet/generate/continuation.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace linnet::generate {
namespace {

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

}  // namespace

Continuation::Continuation(const models::Model& model, Request request)
    : options_(std::move(request.options)),
      on_token_(std::move(request.on_token)),
      on_step_(std::move(request.on_step)),
      on_end_(std::move(request.on_end)),
      sampler_(options_.sampling, options_.seed),
      ids_(prompt_or_start(model, std::move(request.prompt), options_.decoder_start_id)),
      rules_(model, options_, ids_, request.adapter.get()) {
  result_.prompt_tokens = request.encoder_ids.empty() ? rules_.prompt() : std::ssize(request.encoder_ids);
  ended_ = rules_.count() == 0;
}

double Continuation::seconds_since_start() {
  const auto now = std::chrono::steady_clock::now();
  return std::chrono::duration<double>(now - std::exchange(start_, now)).count();
}

void Continuation::take(std::span<float> scores) {
  const std::int64_t step = std::ssize(result_.ids);
  if (step == 0) result_.prefill_seconds = seconds_since_start();
  const std::vector<float> kept = options_.logprobs > 0 ? std::vector<float>(scores.begin(), scores.end())
                                                        : std::vector<float>();  // before any processor
  const std::int32_t id = sampler_.choose(scores, rules_.after(ids_));
  if (!kept.empty()) result_.logprobs.push_back(step_logprobs(kept, id, options_.logprobs));
  result_.ids.push_back(id);
  ids_.push_back(id);
  const bool end = std::ranges::find(options_.eos_ids, id) != options_.eos_ids.end();
  ended_ = end || step + 1 >= rules_.count();
  const bool stopped = (on_token_ && !on_token_(id)) || (on_step_ && !on_step_(result_));
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
