// Completes prompts for `run`: streams the text, or prints it as JSON with ids and times. A model without a tokenizer
// continues ids; its text is empty.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "linnet/tasks/complete.h"
#include "linnet/tasks/prompt_ids.h"
#include "memory_limit.h"
#include "model_options.h"

namespace linnet::app {

enum class Format : std::uint8_t { kText, kJson };
enum class Echo : std::uint8_t { kNo, kPrompt };

struct Prompt {
  std::vector<std::int32_t> ids;
  std::string text;                            // text for --echo
  std::optional<tasks::Opening> opening = {};  // of the text; none: the prompt was given as ids
  std::optional<std::int64_t> row = {};        // of the input: "row" of the JSON
};

// Output and limits of completions.
struct CompleterOptions {
  Format format = Format::kText;
  Echo echo = Echo::kNo;
  double load_seconds = 0;                 // for the JSON
  std::optional<MemoryLimit> memory = {};  // checked for every prompt
  std::vector<std::string> choices = {};   // if any: the prompt is completed with one of these
};

enum class Ending : std::uint8_t { kItself, kLength, kStopped };  // kStopped: by Ctrl-C

struct Answer {
  std::string text;
  Ending ending;
};

class Completer {
 public:
  // The model must outlive the completer.
  Completer(const Loaded& loaded, tasks::CompleteOptions options, CompleterOptions show);

  Prompt plain(const std::string& text) const;
  Prompt from_ids(std::vector<std::int32_t> ids) const;
  // `messages` with the model's chat template.
  Prompt chat(const Json& messages) const;

  // Completes and prints.
  Answer complete(const Prompt& prompt);
  generate::Overrides& overrides() { return options_.overrides; }
  void check_options() const;  // kInvalidArgument for an error that does not depend on the prompt

 private:
  Answer complete_with_choice(const Prompt& prompt);
  void check_memory(const Prompt& prompt) const;
  tasks::Completion continued(const Prompt& prompt, const tasks::OnText& on_text);
  Json token(const generate::TokenLogprob& token) const;
  void print_figures(const generate::Generation& generation, Ending ending) const;
  Json as_json(const Prompt& prompt, const tasks::Completion& completion) const;
  Json sequences(const Prompt& prompt, const tasks::Completion& completion) const;
  Json logprobs(const generate::Generation& generation) const;
  void print_logprobs(const generate::Generation& generation) const;

  const Loaded& loaded_;
  tasks::CompleteOptions options_;
  generate::Engine engine_;  // the next turn of a chat reuses the blocks of earlier turns
  CompleterOptions show_;
};

}  // namespace linnet::app
