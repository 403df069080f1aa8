// The answers of OpenAI's completions and chat completions: whole, or as a stream of events.
#pragma once

#include <memory>
#include <string>

#include "linnet/serve/generation_fields.h"

namespace linnet::serve {

// How a route writes the parts of an answer.
struct TextForm {
  bool chat = false;
  StreamWish wish = {};
  bool logprobs = false;
  std::int64_t choices = 1;
};

std::unique_ptr<TextSink> openai_sink(std::shared_ptr<Call> call, TextForm form);

}  // namespace linnet::serve
