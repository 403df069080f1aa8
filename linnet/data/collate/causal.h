// Causal language modelling: labels are the ids (the model shifts them), or kIgnored without loss.
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
  kMasked,   // loss on the completion only
  kCounted,  // loss on the prompt, too
};

struct CausalOptions {
  std::int32_t eos_id = -1;    // appended; -1: none
  std::size_t max_length = 0;  // 0: no limit. Truncates the beginning of the prompt, then the end of the completion
  PromptLoss prompt = PromptLoss::kMasked;
};

CausalExample completion_example(std::span<const std::int32_t> prompt, std::span<const std::int32_t> completion,
                                 const CausalOptions& options);

// Concatenates texts, each with its end token, and splits them into blocks of `block` tokens; the last one may be
// shorter.
std::vector<std::vector<std::int32_t>> pack_blocks(std::span<const std::vector<std::int32_t>> texts, std::size_t block,
                                                   std::int32_t eos_id);

}  // namespace linnet
