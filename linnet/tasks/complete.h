// Completes a prompt, and decodes the text during generation.
//
//   Completion c = complete(loaded, "The capital of France is", {.overrides = {.max_new_tokens = 20}});
//   std::cout << c.text;
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "linnet/adapt/loaded.h"
#include "linnet/generate/engine.h"
#include "linnet/generate/overrides.h"

namespace linnet::tasks {

struct CompleteOptions {
  generate::Overrides overrides = {};  // lengths, sampling; completed by the checkpoint's generation_config
  std::vector<std::string> stop = {};  // the text ends before the first of these and the checkpoint's; not with beams
  std::function<bool()> interrupted = {};  // called often, also during the prompt; if true, ends the completion
};

struct Completion {
  std::string text;                 // new text, without special tokens and without a stop text
  generate::Generation generation;  // its ids, finish reason, log-probabilities, times
  std::vector<std::string> texts;   // with beams: of every sequence of the generation, best first
};

// Called with new text when it is certain, never with half a character; if false, the completion ends.
using OnText = std::function<bool(std::string_view text)>;

// `prompt`: ids with special tokens. Throws like generate() and resolve().
Completion complete(const Loaded& loaded, std::span<const std::int32_t> prompt, const CompleteOptions& options = {},
                    const OnText& on_text = {});
// Uses an engine of the model, which caches prefixes for later prompts and has its own `interrupted`.
Completion complete(generate::Engine& engine, const Loaded& loaded, std::span<const std::int32_t> prompt,
                    const CompleteOptions& options = {}, const OnText& on_text = {});
// A prompt as text; adds the special tokens of its tokenizer.
Completion complete(const Loaded& loaded, std::string_view prompt, const CompleteOptions& options = {},
                    const OnText& on_text = {});

}  // namespace linnet::tasks
