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

void require_next_tokens(const models::Model& model) {
  if (model.config().head != nn::HeadKind::kSeq2SeqLm) require_causal_lm(model);
}

std::vector<std::int32_t> prompt_or_start(const models::Model& model, std::vector<std::int32_t> prompt,
                                          std::optional<std::int32_t> start) {
  if (!prompt.empty() || model.config().stack != nn::Stack::kEncoderDecoder) return prompt;
  const std::int64_t id = start ? *start : model.config().decoder_start_id;
  check(id >= 0, ErrorKind::kBadInput, "{}: has no decoder_start_token_id, the first token of the decoder; add it",
        model.place().string());
  return {static_cast<std::int32_t>(id)};
}

void check_encoder_ids(const models::Model& model, const std::vector<std::int32_t>& ids) {
  if (model.config().stack != nn::Stack::kEncoderDecoder)
    return check(ids.empty(), "the model has no encoder; give the text as the prompt");
  check(!ids.empty(), "an encoder-decoder reads a text; give its tokens as encoder_ids");
  for (const std::int32_t id : ids)
    check(id >= 0 && id < model.config().vocab, "[generate] id {} is outside the vocabulary of {}", id,
          model.config().vocab);
  const nn::VirtualTokens& learned = model.virtual_tokens();
  const std::int64_t before = (learned.prompt ? learned.prompt.size(0) : 0) + nn::length_of(learned.encoder_prefix),
                     positions = model.config().max_positions;
  check(positions == 0 || std::ssize(ids) + before <= positions,
        "the text for the encoder has {} tokens, the model has room for {}; shorten it", ids.size(),
        positions - before);
}

void check_beams(const GenerateOptions& options) {
  const BeamOptions& o = options.beams;
  check_option(o.num_beams >= 1, "num_beams", "{} is not 1 or more", o.num_beams);
  check_option(o.num_return_sequences >= 1 && o.num_return_sequences <= o.num_beams, "num_return_sequences",
               "{} texts of {} beams were asked for; raise {}", o.num_return_sequences, o.num_beams,
               option("num_beams"));
  check_option(o.num_beams == 1 || options.logprobs == 0, "logprobs", "beams have none; leave it out or set {} to 1",
               option("num_beams"));
}

Generation generate(const models::Model& model, std::span<const std::int32_t> prompt, const GenerateOptions& options,
                    const OnToken& on_token) {
  Engine engine(model, {.interrupted = options.interrupted});
  return generate(engine, prompt, options, on_token);
}

Generation generate(Engine& engine, std::span<const std::int32_t> prompt, const GenerateOptions& options,
                    const OnToken& on_token) {
  Request request{.options = options, .on_token = on_token};
  const bool reads = engine.model().config().stack == nn::Stack::kEncoderDecoder;
  (reads ? request.encoder_ids : request.prompt).assign(prompt.begin(), prompt.end());
  return generate(engine, std::move(request));
}

Generation generate(Engine& engine, Request request) {
  // Shared with the request: after an exception of a step the request outlives this function.
  const auto result = std::make_shared<std::optional<Generation>>();
  request.on_end = [result](Generation& g) { *result = std::move(g); };
  const RequestId id = engine.submit(std::move(request));
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
