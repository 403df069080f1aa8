// Prompt and continuation as token ids, tokenised together and cut where the prompt ends (requirements 1L; the rule of
// lm-evaluation-harness): blanks at the prompt's end go to the continuation.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "linnet/tokenizer/tokenizer.h"

namespace linnet::tasks {

struct SplitIds {
  std::vector<std::int32_t> prompt, continuation;
  bool boundary_moved = false;  // tokenised together, the prompt's own tokens came out different
};

// The prompt gets the special tokens its tokenizer puts in front (LLaMA's BOS), the continuation none.
std::vector<std::int32_t> prompt_ids(const Tokenizer& tokenizer, std::string_view prompt);
SplitIds split_ids(const Tokenizer& tokenizer, std::string_view prompt, std::string_view continuation);

}  // namespace linnet::tasks
