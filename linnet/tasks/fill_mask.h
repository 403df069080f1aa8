// The most likely words for the masks of a text, as in Transformers' fill-mask pipeline.
//
//   auto words = fill_mask(loaded, "Paris is the [MASK] of France.").front();
//   // words[0].token_str == "capital"
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "linnet/adapt/loaded.h"

namespace linnet::tasks {

struct FillCandidate {
  double score;  // probability
  std::int32_t token;
  std::string token_str;
  std::string sequence;  // the text with this mask filled
};
// kBadInput if the model has no masked LM head, or its tokenizer no mask token.
void check_fills(const Loaded& loaded);

// The tokens of words to rank: a word that is literally a vocabulary entry is that entry ("##s"). Otherwise the first
// of several tokens, or the unknown token; both with a note.
std::vector<std::int32_t> target_ids(const Tokenizer& tokenizer, const std::vector<std::string>& words);

// One list per mask, in the text's order, best first. With `targets` only these tokens are ranked. Throws like
// check_fills; kInvalidArgument if the text has no mask token, or more tokens than the context.
std::vector<std::vector<FillCandidate>> fill_mask(const Loaded& loaded, const std::string& text, std::int64_t top_k = 5,
                                                  std::span<const std::int32_t> targets = {});

}  // namespace linnet::tasks
