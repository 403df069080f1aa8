// Pseudo-perplexity of a masked language model: each token is masked in turn and scored with the context on both sides
// (Salazar et al., "Masked language model scoring", 2020).
//
//   Perplexity p = pseudo_perplexity(model, tokenizer.encode_ids(text, {.add_special_tokens = false}),
//                                    {.mask = 103, .before = {101}, .after = {102}});
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "linnet/generate/score.h"

namespace linnet::generate {

struct PseudoPerplexityOptions {
  std::int32_t mask = -1;                             // the mask token's id
  std::vector<std::int32_t> before = {}, after = {};  // special tokens around every window, never masked
  std::int64_t window = 512, stride = 256;            // tokens of a window, with special ones; as in `perplexity`
  std::int64_t limit = 0;                             // maximum number of tokens; 0: all
  std::int64_t batch_rows = nn::kBatchRows;           // rows (tokens) computed together
  std::function<void(std::int64_t done, std::int64_t all)> progress = {};  // tokens scored
};

// Sums over the tokens of `ids`, each scored once in the first window that contains it. Requires a masked LM head.
Perplexity pseudo_perplexity(const models::Model& model, std::span<const std::int32_t> ids,
                             const PseudoPerplexityOptions& options);

}  // namespace linnet::generate
