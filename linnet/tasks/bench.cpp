#include "linnet/tasks/bench.h"

#include <algorithm>

#include "linnet/backend/cpu/cpu.h"
#include "linnet/base/error.h"
#include "linnet/base/rng.h"
#include "linnet/generate/engine.h"

namespace linnet::tasks {

Speed measure_speed(const models::Model& model, const SpeedOptions& o) {
  generate::require_causal_lm(model);
  check(o.prompt_tokens > 0 && o.new_tokens > 1 && o.repetitions > 0,
        "{} prompt tokens, {} new tokens, {} repetitions; give at least 1, 2 and 1", o.prompt_tokens, o.new_tokens,
        o.repetitions);
  generate::Engine engine(model,
                          {.batch_tokens = std::max<std::int64_t>(o.prompt_tokens, 512), .interrupted = o.interrupted});
  const auto vocabulary = static_cast<std::uint64_t>(model.config().vocab);
  Speed speed;
  for (std::int64_t repetition = -1; repetition < o.repetitions; ++repetition) {
    generate::Request request{.options = {.max_new_tokens = o.new_tokens}};  // no end token
    Rng rng(1, static_cast<std::uint64_t>(repetition + 1));
    for (std::int64_t i = 0; i < o.prompt_tokens; ++i)
      request.prompt.push_back(static_cast<std::int32_t>(rng.below(vocabulary)));
    request.on_end = [&](generate::Generation& text) {
      if (repetition < 0) return;
      speed.prefill.push_back(static_cast<double>(o.prompt_tokens) / text.prefill_seconds);
      speed.decode.push_back(static_cast<double>(text.ids.size() - 1) / text.decode_seconds);
    };
    engine.submit(std::move(request));
    while (engine.step()) {
    }
    if (o.progress) o.progress(repetition + 1);
  }
  return speed;
}

TokenWork work_of_token(models::Model& model) {
  TokenWork work;
  const auto add = [&](const Tensor& weight) {
    const std::int64_t out = weight.size(0), in = weight.size(1);
    work.bytes += static_cast<double>(packed_weight_bytes(weight.dtype(), out, in));
    return 2.0 * static_cast<double>(out) * static_cast<double>(in);
  };
  for (const nn::NamedLinear& l : model.linears())
    if (l.linear->weight() && nn::is_layer_linear(l.role)) work.layer_flops += add(l.linear->weight());
  work.flops = work.layer_flops + add(model.output_weight());
  return work;
}

}  // namespace linnet::tasks
