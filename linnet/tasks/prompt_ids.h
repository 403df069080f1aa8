// Prompt and continuation as token ids, tokenised together and split at the end of the prompt, as in
// lm-evaluation-harness: spaces at the prompt's end belong to the continuation.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "linnet/adapt/loaded.h"
#include "linnet/generate/scoring.h"
#include "linnet/models/model.h"
#include "linnet/tokenizer/tokenizer.h"

namespace linnet::tasks {

inline constexpr const char* kNoTokens =
    "the text is empty: it has no tokens, and the tokenizer adds none; give a text, or leave the row out";

// Maximum number of tokens of a text, with special ones: `asked`, else the tokenizer's limit, but no more than the
// model's context. 0: unlimited.
std::int64_t length_limit(const models::Model& model, const Tokenizer& tokenizer, std::int64_t asked = 0);

struct SplitIds {
  std::vector<std::int32_t> prompt, continuation;
  bool boundary_moved = false;  // tokenised together, the prompt has other tokens than alone
};

// kAdd: adds the tokenizer's special tokens before a text (LLaMA's BOS). kWritten: the prompt has them from a chat
// template.
enum class Opening : std::uint8_t { kAdd, kWritten };

// The prompt gets the opening, the continuation no special tokens. A continuation that merges completely into the
// prompt's last token is encoded alone (with `boundary_moved`). kInvalidArgument for a continuation without tokens.
std::vector<std::int32_t> prompt_ids(const Tokenizer& tokenizer, std::string_view prompt,
                                     Opening opening = Opening::kAdd);
// The tokens of a text that `model` continues: a decoder gets the opening; an encoder, before a decoder, all special
// tokens.
std::vector<std::int32_t> input_ids(const models::Model& model, const Tokenizer& tokenizer, std::string_view text);
SplitIds split_ids(const Tokenizer& tokenizer, std::string_view prompt, std::string_view continuation,
                   Opening opening = Opening::kAdd);

// The text of a prompt that is given as ids, without the opening, with its other special tokens.
std::string text_after_opening(const Tokenizer& tokenizer, std::span<const std::int32_t> ids);
// The tokens of a continuation of `text` whose ids are given and stay: one that merges with their end has its tokens at
// the start of a line, where nothing merges and a tokenizer adds no space. kInvalidArgument for a continuation without
// tokens.
std::vector<std::int32_t> ids_after(const Tokenizer& tokenizer, std::string_view text, std::string_view continuation);

// Adds a continuation of `prompt` to a request, whose prompt it sets. A decoder gets the ids of split_ids. An encoder
// reads the prompt with all special tokens, and the continuation follows the tokens that begin a generated text (the
// start token, forced_bos_token_id), without an end token, as in lm-evaluation-harness. Returns `boundary_moved`.
bool add_continuation(const Loaded& loaded, std::string_view prompt, std::string_view continuation, Opening opening,
                      generate::ScoreRequest& request);

// The tokens of a word for a mask. A literal vocabulary entry is that token, as in Transformers' fill-mask pipeline; a
// separating space is dropped if the text of the tokens is not the word.
std::vector<std::int32_t> word_ids(const Tokenizer& tokenizer, std::string_view word);

}  // namespace linnet::tasks
