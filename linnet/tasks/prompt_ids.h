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

// kAdd: the special tokens that the tokenizer puts before a text (LLaMA's BOS). kWritten: the prompt has them, a chat
// template wrote them.
enum class Opening : std::uint8_t { kAdd, kWritten };

// The prompt gets the opening, the continuation no special tokens. A continuation that the tokenizer joins whole into
// the prompt's last token is encoded alone (with `boundary_moved`). kInvalidArgument: a continuation without tokens.
std::vector<std::int32_t> prompt_ids(const Tokenizer& tokenizer, std::string_view prompt,
                                     Opening opening = Opening::kAdd);
SplitIds split_ids(const Tokenizer& tokenizer, std::string_view prompt, std::string_view continuation,
                   Opening opening = Opening::kAdd);

// The tokens of a word that stands for a mask. A vocabulary entry as written is that one token, as in Transformers'
// fill-mask pipeline; a blank that only separates words is not looked at where the text of the tokens is not the word.
std::vector<std::int32_t> word_ids(const Tokenizer& tokenizer, std::string_view word);

}  // namespace linnet::tasks
