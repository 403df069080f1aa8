// Completes a prompt with one of several texts: the one whose whole sequence is the most probable. Never token by
// token: the likeliest first token may be that of an unlikely text.
//
//   auto choices = choose(loaded, "The sky is", {"blue", "green"});
//   choices[0].text                                        // "blue"
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "linnet/adapt/loaded.h"
#include "linnet/tasks/prompt_ids.h"

namespace linnet::tasks {

struct Choice {
  std::string text;
  double score;                   // probability over the choices
  double logprob;                 // log p(text | prompt)
  std::vector<std::int32_t> ids;  // its tokens
};

// Best first. A blank is put before a choice, unless white space is there or the prompt ends with an opening of a chat
// template (kWritten). kInvalidArgument for a choice without tokens; an empty prompt of a decoder without a start
// token.
std::vector<Choice> choose(const Loaded& loaded, std::string_view prompt, std::span<const std::string> choices,
                           Opening opening = Opening::kAdd);
// A prompt as ids with special tokens, of an encoder-decoder for its encoder. A choice continues their text: no blank
// is put before it after a special token either.
std::vector<Choice> choose(const Loaded& loaded, const std::vector<std::int32_t>& prompt,
                           std::span<const std::string> choices);

}  // namespace linnet::tasks
