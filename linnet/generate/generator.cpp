#include "linnet/generate/generator.h"

#include <memory>
#include <utility>

#include "linnet/base/error.h"
#include "linnet/generate/engine.h"

namespace linnet::generate {

std::int64_t context_of(const models::Model& model, const nn::SequenceAdapter* adapter) {
  return adapter == nullptr ? model.context() : model.context(adapter->virtual_tokens.count());
}

void require_causal_lm(const models::Model& model) {
  check(model.config().head == nn::HeadKind::kCausalLm, ErrorKind::kBadInput,
        "{}: this {} model does not predict next tokens; take a causal language model", model.place().string(),
        model.family().model_type);
}

Generation generate(const models::Model& model, std::span<const std::int32_t> prompt, const GenerateOptions& options,
                    const OnToken& on_token) {
  Engine engine(model, {.interrupted = options.interrupted});
  return generate(engine, prompt, options, on_token);
}

Generation generate(Engine& engine, std::span<const std::int32_t> prompt, const GenerateOptions& options,
                    const OnToken& on_token) {
  // Shared with the request: after an exception of a step the request outlives this function.
  const auto result = std::make_shared<std::optional<Generation>>();
  const RequestId id = engine.submit(
      {{prompt.begin(), prompt.end()}, options, on_token, [result](Generation& g) { *result = std::move(g); }});
  while (!*result) {
    try {
      engine.step();
    } catch (const nn::Interrupted&) {
      engine.cancel(id);
    } catch (...) {
      engine.cancel(id);
      throw;
    }
  }
  return std::move(**result);
}

}  // namespace linnet::generate
