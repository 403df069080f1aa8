// The fields of OpenAI's completion requests that say how to generate, and those that this server does not have.
#pragma once

#include <cstdint>
#include <optional>

#include "linnet/serve/fields.h"
#include "linnet/serve/text_job.h"

namespace linnet::serve {

inline constexpr std::int64_t kMostChoices = 128;     // n
inline constexpr std::int64_t kMostSequences = 1024;  // prompts times n
inline constexpr std::int64_t kMostTopLogprobs = 20;
inline constexpr std::size_t kMostStops = 16;
inline constexpr std::int64_t kMostNewTokens = 1'000'000;  // the context of the model is the actual limit

// Reads n, stop, seed, temperature and the other fields of sampling into `request`. Without a temperature the text is
// sampled with the checkpoint's, else 1, as OpenAI documents it. `new_tokens`: the limit of the call.
void read_generation(Fields& fields, const ServedModel& model, std::int64_t new_tokens, TextRequest& request);
// Whether to stream, and whether the stream ends with the usage.
struct StreamWish {
  bool stream = false, usage = false;
};
StreamWish read_stream(Fields& fields);
// 404 unless the request is for this model; a request without the field is.
void read_model(Fields& fields, const ServedModel& model);
// "cmpl-" and 24 random digits.
std::string random_id(const char* prefix);

}  // namespace linnet::serve
