// Many texts through a model: taken in portions, so that the first answers come soon; a portion sorted by length and
// packed evenly, up to a number of rows, answers back in the order given.
#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

#include "linnet/nn/packed.h"

namespace linnet::tasks {

// Where the portion that begins at text `begin` of `count` ends: a few batches, so that they are full and yet soon
// done. `bytes(i)` guesses the rows of text i.
template <class Bytes>
std::size_t portion_end(std::size_t begin, std::size_t count, std::int64_t rows, const Bytes& bytes) {
  constexpr std::size_t kBatches = 2, kBytesPerRow = 4, kMoreRows = 8;  // special tokens, a template
  std::size_t guessed = 0, end = begin;
  while (end < count && guessed < kBatches * static_cast<std::size_t>(rows))
    guessed += bytes(end++) / kBytesPerRow + kMoreRows;
  return end;
}

// `run(batch, members)`: sequence i of the batch is text members[i]. `types` holds type ids a text, or nothing.
template <class Run>
void for_each_batch(const std::vector<std::vector<std::int32_t>>& texts, std::int64_t rows, const Run& run,
                    const std::vector<std::vector<std::int32_t>>& types = {}) {
  std::vector<std::size_t> order(texts.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return texts[a].size() < texts[b].size(); });
  const auto all = std::accumulate(texts.begin(), texts.end(), std::int64_t{0},
                                   [](std::int64_t sum, const auto& ids) { return sum + std::ssize(ids); });
  const std::int64_t enough = nn::even_share(all, rows);
  for (std::size_t at = 0; at < order.size();) {
    nn::Packed batch;
    std::vector<std::size_t> members;
    for (; at < order.size(); ++at) {
      const auto& ids = texts[order[at]];
      if (!members.empty() && (batch.rows() >= enough || batch.rows() + std::ssize(ids) > rows)) break;
      if (types.empty())
        batch.add(ids);
      else
        batch.add(ids, types[order[at]]);
      members.push_back(order[at]);
    }
    run(batch, std::span<const std::size_t>(members));
  }
}

}  // namespace linnet::tasks
