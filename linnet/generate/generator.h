// Generates a continuation of one prompt: one request to the engine (engine.h).
//
//   Generation g = generate(model, prompt_ids, {.max_new_tokens = 64, .eos_ids = {2}}, [](std::int32_t id) { … return
//   true; });
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "linnet/generate/beam_search.h"
#include "linnet/generate/sampling.h"
#include "linnet/models/model.h"

namespace linnet::generate {

struct GenerateOptions {
  std::int64_t max_new_tokens = 256;
  std::optional<std::int64_t> max_length = {};  // prompt + new tokens; max_new_tokens is then ignored
  std::int64_t min_length = 0;                  // prompt + new tokens
  std::int64_t min_new_tokens = 0;
  std::vector<std::int32_t> eos_ids = {};             // each of them ends the text
  std::optional<std::int32_t> decoder_start_id = {};  // of an encoder-decoder; unset: the model's
  std::optional<std::int32_t> forced_bos_id = {};     // the first new token after a single one, as in Transformers
  std::vector<std::int32_t> forced_eos_ids = {};      // one of them is forced at the maximum length
  SamplingOptions sampling = {};
  std::uint64_t seed = 0;
  BeamOptions beams = {};                  // with beams, on_token receives the best text at the end
  std::int64_t logprobs = 0;               // keeps the top N tokens of every step with their log-probabilities
  std::function<bool()> interrupted = {};  // called before every layer, also of the prompt; true: ends the text (kStop)
};

struct TokenLogprob {
  std::int32_t id;
  double logprob;
};
struct StepLogprobs {
  TokenLogprob chosen;
  std::vector<TokenLogprob> top;  // most likely first
};

struct Generation {
  std::vector<std::int32_t> ids;  // new tokens, with the end token if any
  FinishReason finish = FinishReason::kLength;
  std::vector<StepLogprobs> logprobs;
  std::vector<ScoredSequence> sequences;  // of beam search, best first; `ids` and `finish` are those of the first
  std::int64_t prompt_tokens = 0;         // of the text for the encoder, if there is one
  std::int64_t cached_tokens = 0;         // from the cache: an earlier text of the engine has the same prefix
  double prefill_seconds = 0, decode_seconds = 0;
};

// kBadInput naming the model unless it is a causal language model.
void require_causal_lm(const models::Model& model);
// The same, but also an encoder-decoder that predicts words.
void require_next_tokens(const models::Model& model);
// The tokens before a text: `prompt`, or the start token of an encoder-decoder if it is empty.
std::vector<std::int32_t> prompt_or_start(const models::Model& model, std::vector<std::int32_t> prompt,
                                          std::optional<std::int32_t> start = {});
// kInvalidArgument unless an encoder-decoder has a text for its encoder, one that fits, and another model has none.
void check_encoder_ids(const models::Model& model, const std::vector<std::int32_t>& ids);
void check_beams(const GenerateOptions& options);  // kInvalidArgument for numbers that do not fit each other
// Maximum number of tokens of a text with the adapter, or with the model's own if it is null; 0: unlimited.
std::int64_t context_of(const models::Model& model, const nn::SequenceAdapter* adapter);

// Called with every new id; if false, the text ends (finish is kStop).
using OnToken = std::function<bool(std::int32_t id)>;

// `prompt`: of an encoder-decoder, the text that its encoder reads. kBadInput: no causal language model and no
// encoder-decoder that predicts words. kInvalidArgument: an empty prompt, ids outside the vocabulary, a prompt that
// fills max_length or the context.
Generation generate(const models::Model& model, std::span<const std::int32_t> prompt, const GenerateOptions& options,
                    const OnToken& on_token = {});
// Uses an engine, which caches prefixes for later prompts and may have other requests. It checks its own `interrupted`,
// not that of the options.
class Engine;
struct Request;
Generation generate(Engine& engine, Request request);  // without `on_end`
Generation generate(Engine& engine, std::span<const std::int32_t> prompt, const GenerateOptions& options,
                    const OnToken& on_token = {});

}  // namespace linnet::generate
