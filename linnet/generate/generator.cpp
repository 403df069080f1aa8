#include "linnet/generate/generator.h"

#include <algorithm>
#include <chrono>
#include <numeric>
#include <optional>
#include <utility>

#include "linnet/base/error.h"
#include "linnet/base/log.h"

namespace linnet::generate {
namespace {

using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// How many new tokens may come, by the request and by the model's positions.
std::int64_t room(const models::Model& model, std::int64_t prompt, const GenerateOptions& o) {
  std::int64_t count = o.max_new_tokens;
  if (o.max_length) {
    check(*o.max_length > prompt,
          "the prompt has {} tokens, max_length is {} and counts them; raise it or use max_new_tokens", prompt,
          *o.max_length);
    count = *o.max_length - prompt;
  }
  const std::int64_t context = model.context();
  if (context == 0) return count;
  check(prompt < context, "the prompt has {} tokens, the model's context is {}; shorten it", prompt, context);
  if (count > context - prompt) {
    note("{} new tokens asked for, the context of {} leaves room for {}", count, context, context - prompt);
    count = context - prompt;
  }
  return count;
}

StepLogprobs step_logprobs(std::span<const float> scores, std::int32_t chosen, std::int64_t top) {
  Tensor logs = Tensor::from(scores, {1, static_cast<std::int64_t>(scores.size())});
  backend().log_softmax(logs.data<float>().data(), logs.data<float>().data(), 1, logs.size(1));
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

// The token that a full length must end with. Transformers gives several of them the same score: greedily the lowest.
std::optional<std::int32_t> forced_end(const GenerateOptions& options, std::int64_t vocabulary) {
  std::optional<std::int32_t> lowest;
  for (const std::int32_t id : options.forced_eos_ids)
    if (id >= 0 && id < vocabulary && (!lowest || id < *lowest)) lowest = id;
  return lowest;
}

class Decoder {
 public:
  Decoder(const models::Model& model, const std::function<bool()>& interrupted)
      : model_(model), interrupted_(interrupted), cache_(model.make_cache()) {}

  // Scores of the token after `ids`; none if interrupted. The result may be written to.
  Tensor next(std::span<const std::int32_t> ids) {
    try {
      return scores_after(ids);
    } catch (const nn::Interrupted&) {
      return {};
    }
  }

 private:
  Tensor scores_after(std::span<const std::int32_t> ids) {
    Tensor hidden;
    for (std::size_t at = 0; at < ids.size(); at += nn::kPrefillRows) {
      const auto part = ids.subspan(at, std::min<std::size_t>(nn::kPrefillRows, ids.size() - at));
      nn::Packed batch;
      batch.add(part, {}, static_cast<std::int32_t>(sequence_.length()));
      nn::KvCache::Sequence* const sequences[] = {&sequence_};
      hidden = model_.forward(
          batch,
          {.cache = &cache_, .sequences = sequences, .output = nn::OutputRows::kLast, .interrupted = &interrupted_});
    }
    const std::int32_t last = static_cast<std::int32_t>(hidden.size(0)) - 1;
    return model_.logits(hidden, {&last, 1});
  }

  const models::Model& model_;
  const std::function<bool()>& interrupted_;
  nn::KvCache cache_;
  nn::KvCache::Sequence sequence_;
};

}  // namespace

void require_causal_lm(const models::Model& model) {
  check(model.config().head == nn::HeadKind::kCausalLm, ErrorKind::kBadInput,
        "{}: this {} model does not predict next tokens; take a causal language model", model.place().string(),
        model.family().model_type);
}

Generation generate(const models::Model& model, std::span<const std::int32_t> prompt, const GenerateOptions& options,
                    const OnToken& on_token) {
  require_causal_lm(model);
  check(!prompt.empty(), "the prompt is empty and the tokenizer adds no start token; give a text");
  for (const std::int32_t id : prompt)
    check(id >= 0 && id < model.config().vocab, "[generate] id {} is outside the vocabulary of {}", id,
          model.config().vocab);
  const auto prompt_tokens = static_cast<std::int64_t>(prompt.size());
  const std::int64_t count = room(model, prompt_tokens, options);
  Generation result;
  result.prompt_tokens = prompt_tokens;
  if (count <= 0) return result;

  Decoder decoder(model, options.interrupted);
  Sampler sampler(options.sampling, options.seed);
  std::vector<std::int32_t> seen(prompt.begin(), prompt.end());
  auto start = Clock::now();
  Tensor scores = decoder.next(prompt);
  result.prefill_seconds = seconds_since(start);
  start = Clock::now();
  const std::optional<std::int32_t> last = forced_end(options, model.config().vocab);
  const std::int64_t least = std::max(options.min_new_tokens, options.min_length - prompt_tokens);
  for (std::int64_t step = 0; scores; ++step) {
    const auto forbidden =
        step < least ? std::span<const std::int32_t>(options.eos_ids) : std::span<const std::int32_t>();
    const Tensor raw = options.logprobs > 0 ? scores.detach() : Tensor();
    Tensor kept = raw ? Tensor::from(raw.data<float>(), raw.shape()) : Tensor();
    std::int32_t id = sampler.choose(scores.data<float>(), seen, forbidden, step == 0);
    if (step + 1 == count) id = last.value_or(id);
    if (kept) result.logprobs.push_back(step_logprobs(kept.data<float>(), id, options.logprobs));
    result.ids.push_back(id);
    seen.push_back(id);
    const bool end = std::find(options.eos_ids.begin(), options.eos_ids.end(), id) != options.eos_ids.end();
    const bool stopped = on_token && !on_token(id);
    if (end || stopped) result.finish = FinishReason::kStop;
    if (end || stopped || step + 1 >= count) break;
    scores = decoder.next({&id, 1});
  }
  if (!scores) result.finish = FinishReason::kStop;
  result.decode_seconds = seconds_since(start);
  return result;
}

}  // namespace linnet::generate
