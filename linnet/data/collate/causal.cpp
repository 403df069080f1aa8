#include "linnet/data/collate/causal.h"

#include <algorithm>

#include "linnet/base/error.h"
#include "linnet/data/collate/masking.h"

namespace linnet {

CausalExample completion_example(std::span<const std::int32_t> prompt, std::span<const std::int32_t> completion,
                                 const CausalOptions& options) {
  const std::size_t end = options.eos_id >= 0 ? 1 : 0;
  if (options.max_length > 0) {
    check_option(options.max_length > end, "max_length", "{} leaves no room", options.max_length);
    completion = completion.first(std::min(completion.size(), options.max_length - end));
    prompt = prompt.last(std::min(prompt.size(), options.max_length - end - completion.size()));
  }
  CausalExample made;
  made.ids.assign(prompt.begin(), prompt.end());
  made.ids.insert(made.ids.end(), completion.begin(), completion.end());
  if (end) made.ids.push_back(options.eos_id);
  made.labels = made.ids;
  if (options.prompt == PromptLoss::kMasked) std::fill_n(made.labels.begin(), prompt.size(), kIgnored);
  return made;
}

std::vector<std::vector<std::int32_t>> pack_blocks(std::span<const std::vector<std::int32_t>> texts, std::size_t block,
                                                   std::int32_t eos_id) {
  check(block > 0, "[data] blocks of 0 tokens");
  std::vector<std::vector<std::int32_t>> blocks;
  const auto add = [&](std::int32_t id) {
    if (blocks.empty() || blocks.back().size() == block) blocks.emplace_back().reserve(block);
    blocks.back().push_back(id);
  };
  for (const auto& text : texts) {
    for (const std::int32_t id : text) add(id);
    if (eos_id >= 0 && !text.empty()) add(eos_id);
  }
  return blocks;
}

}  // namespace linnet
