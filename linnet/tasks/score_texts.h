// Scores texts: log-probabilities of continuations of a prompt, or the perplexity of a text.
//
//   auto scores = score_texts(loaded, {{"I feel", {" happy", " sad"}}});
//   scores[0][1].logprob                                   // log p(" sad" | "I feel"), natural logarithm
//   text_perplexity(loaded, text).perplexity();  // per token
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "linnet/adapt/loaded.h"
#include "linnet/generate/score.h"
#include "linnet/tasks/batches.h"

namespace linnet::tasks {

struct PromptedTexts {
  std::string prompt;
  std::vector<std::string> continuations;
};

// The request to score them in an engine that others use, too. `boundary_moved` is set if a continuation changes the
// prompt's tokens, `longer` if a text is longer than the trained length. Throws like score_texts.
struct TextScoring {
  generate::ScoreRequest request;
  bool boundary_moved = false, longer = false;
};
TextScoring text_scoring(const Loaded& loaded, const PromptedTexts& texts);

// One entry per request, one score per continuation; empty if `on_refusal` got the request. Prompt and continuation are
// tokenised together, as in lm-evaluation-harness; an empty prompt of a tokenizer without a start token becomes its end
// token. Prints a note if a continuation changes the prompt's tokens, or a text is longer than the trained length.
// kInvalidArgument: a continuation without tokens, more tokens than a table of positions has.
std::vector<std::vector<generate::Score>> score_texts(const Loaded& loaded, const std::vector<PromptedTexts>& requests,
                                                      const generate::ScoreOptions& options = {},
                                                      const OnRefusal& on_refusal = {});

// [{"continuation", "logprob", "tokens", "greedy"}]
Json scores_json(const std::vector<std::string>& continuations, const std::vector<generate::Score>& scores);

struct TextPerplexity {
  generate::Perplexity tokens;
  std::int64_t words = 0, bytes = 0;  // of the scored text; words are separated by white space

  double per_token() const { return tokens.perplexity(); }
  double per_word() const;
  double per_byte() const;
};

// For a masked LM: pseudo-perplexity, masking every token in turn. `options.limit` counts tokens; words and bytes are
// then those of these tokens.
TextPerplexity text_perplexity(const Loaded& loaded, std::string_view text,
                               const generate::PerplexityOptions& options = {});

}  // namespace linnet::tasks
