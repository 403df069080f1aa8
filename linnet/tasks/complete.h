// Text in, text out: a prompt is continued, and what comes is decoded as it comes.
//
//   Completion c = complete(model, tokenizer, "The capital of France is", {.overrides = {.max_new_tokens = 20}});
//   std::cout << c.text;
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "linnet/generate/engine.h"
#include "linnet/generate/overrides.h"
#include "linnet/tokenizer/tokenizer.h"

namespace linnet::tasks {

struct CompleteOptions {
  generate::Overrides overrides = {};      // lengths, sampling; the checkpoint's generation_config completes it
  std::vector<std::string> stop = {};      // the text ends before the first of these; the checkpoint's own count too
  std::function<bool()> interrupted = {};  // called often, also while the prompt is computed; true ends the completion
};

struct Completion {
  std::string text;                 // new text, without special tokens and without a stop text
  generate::Generation generation;  // its ids, why it ended, log-probabilities, times
};

// Called with new text as soon as it is certain, never with half a character; false ends the completion.
using OnText = std::function<bool(std::string_view text)>;

// `prompt`: ids, special tokens included. Errors: those of generate() and resolve().
Completion complete(const models::Model& model, const Tokenizer& tokenizer, std::span<const std::int32_t> prompt,
                    const CompleteOptions& options = {}, const OnText& on_text = {});
// By an engine that keeps what it has computed for the next prompts, and has its own `interrupted`.
Completion complete(generate::Engine& engine, const Tokenizer& tokenizer, std::span<const std::int32_t> prompt,
                    const CompleteOptions& options = {}, const OnText& on_text = {});
// The prompt as text, with the special tokens its tokenizer puts in front.
Completion complete(const models::Model& model, const Tokenizer& tokenizer, std::string_view prompt,
                    const CompleteOptions& options = {}, const OnText& on_text = {});

}  // namespace linnet::tasks
