// Many encoded texts through a model: sorted by length, packed up to a number of rows, answers back in the order given.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <numeric>
#include <span>
#include <vector>

#include "linnet/nn/packed.h"

namespace linnet::tasks {

// `run(batch, members)`: sequence i of the batch is text members[i]. `types` holds type ids a text, or nothing.
template <class Run>
void for_each_batch(const std::vector<std::vector<std::int32_t>>& texts, std::int64_t rows,
                    const std::function<void(std::int64_t, std::int64_t)>& progress, const Run& run,
                    const std::vector<std::vector<std::int32_t>>& types = {}) {
  std::vector<std::size_t> order(texts.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return texts[a].size() < texts[b].size(); });
  for (std::size_t at = 0; at < order.size();) {
    nn::Packed batch;
    std::vector<std::size_t> members;
    for (; at < order.size(); ++at) {
      const auto& ids = texts[order[at]];
      if (!members.empty() && batch.rows() + static_cast<std::int64_t>(ids.size()) > rows) break;
      if (types.empty())
        batch.add(ids);
      else
        batch.add(ids, types[order[at]]);
      members.push_back(order[at]);
    }
    run(batch, std::span<const std::size_t>(members));
    if (progress) progress(static_cast<std::int64_t>(at), static_cast<std::int64_t>(order.size()));
  }
}

}  // namespace linnet::tasks
