// Continues a prompt token by token: the engine (engine.h) with one request.
//
//   Generation g = generate(model, prompt_ids, {.max_new_tokens = 64, .eos_ids = {2}}, [](std::int32_t id) { … return
//   true; });
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "linnet/generate/sampling.h"
#include "linnet/models/model.h"

namespace linnet::generate {

struct GenerateOptions {
  std::int64_t max_new_tokens = 256;
  std::optional<std::int64_t> max_length = {};  // counts prompt + new (R50); max_new_tokens is then not looked at
  std::int64_t min_length = 0;                  // prompt + new
  std::int64_t min_new_tokens = 0;
  std::vector<std::int32_t> eos_ids = {};         // any of them ends the text
  std::vector<std::int32_t> forced_eos_ids = {};  // the last token that the length allows is one of them, the lowest
  SamplingOptions sampling = {};
  std::uint64_t seed = 0;
  std::int64_t logprobs = 0;               // keep the N likeliest tokens of every step with their log-probabilities
  std::function<bool()> interrupted = {};  // called before every layer, also of the prompt; true ends the text (kStop)
};

enum class FinishReason : std::uint8_t { kStop, kLength };

struct TokenLogprob {
  std::int32_t id;
  double logprob;
};
struct StepLogprobs {
  TokenLogprob chosen;
  std::vector<TokenLogprob> top;  // likeliest first
};

struct Generation {
  std::vector<std::int32_t> ids;  // new ones, with the end token if one came
  FinishReason finish = FinishReason::kLength;
  std::vector<StepLogprobs> logprobs;
  std::int64_t prompt_tokens = 0;
  std::int64_t cached_tokens = 0;  // of them: an earlier text of the engine began with them
  double prefill_seconds = 0, decode_seconds = 0;
};

// kBadInput naming the model unless it predicts the next token.
void require_causal_lm(const models::Model& model);

// Called with every new id; false ends the text (finish is then kStop).
using OnToken = std::function<bool(std::int32_t id)>;

// kBadInput: no causal language model. kInvalidArgument: an empty prompt, ids outside the vocabulary, a prompt that
// fills max_length or the context.
Generation generate(const models::Model& model, std::span<const std::int32_t> prompt, const GenerateOptions& options,
                    const OnToken& on_token = {});
// By an engine that keeps what it has computed for the next prompts, beside what others have submitted; it asks its own
// `interrupted`, not the options'.
class Engine;
Generation generate(Engine& engine, std::span<const std::int32_t> prompt, const GenerateOptions& options,
                    const OnToken& on_token = {});

}  // namespace linnet::generate
