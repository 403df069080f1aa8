// Causal language modelling: labels are the ids themselves (the model shifts), kIgnored where there is no loss.
//
//   CausalExample e = completion_example(prompt_ids, completion_ids, {.eos_id = 2, .max_length = 512});
//   std::vector<std::vector<std::int32_t>> blocks = pack_blocks(texts, 1024, /*eos_id=*/2);
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace linnet {

struct CausalExample {
  std::vector<std::int32_t> ids, labels;
};

enum class PromptLoss : std::uint8_t {
  kMasked,   // only the completion is learned
  kCounted,  // the prompt too
};

struct CausalOptions {
  std::int32_t eos_id = -1;    // appended; -1: none
  std::size_t max_length = 0;  // 0: no bound. Too long: the prompt loses its beginning, then the completion its end
  PromptLoss prompt = PromptLoss::kMasked;
};

CausalExample completion_example(std::span<const std::int32_t> prompt, std::span<const std::int32_t> completion,
                                 const CausalOptions& options);

// Texts one after the other, each with its end token, cut into blocks of `block` tokens; a shorter rest is the last
// block.
std::vector<std::vector<std::int32_t>> pack_blocks(std::span<const std::vector<std::int32_t>> texts, std::size_t block,
                                                   std::int32_t eos_id);

}  // namespace linnet
