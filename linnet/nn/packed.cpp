#include "linnet/nn/packed.h"

#include <algorithm>
#include <numeric>

#include "linnet/base/error.h"

namespace linnet::nn {

void Packed::add(std::span<const std::int32_t> sequence, std::span<const std::int32_t> types, std::int32_t position) {
  check(types.empty() || types.size() == sequence.size(), "[pack] {} type ids for {} tokens", types.size(),
        sequence.size());
  if (!types.empty()) type_ids.resize(ids.size(), 0);
  if (!types.empty() || !type_ids.empty()) {
    type_ids.insert(type_ids.end(), types.begin(), types.end());
    type_ids.resize(ids.size() + sequence.size(), 0);
  }
  ids.insert(ids.end(), sequence.begin(), sequence.end());
  for (std::size_t i = 0; i < sequence.size(); ++i) positions.push_back(position + static_cast<std::int32_t>(i));
  starts.push_back(static_cast<std::int32_t>(ids.size()));
}

Packed pack(const std::vector<std::vector<std::int32_t>>& sequences) {
  Packed batch;
  for (const auto& sequence : sequences) batch.add(sequence);
  return batch;
}

std::vector<std::vector<std::size_t>> even_batches(std::span<const std::int64_t> lengths, std::int64_t most) {
  std::vector<std::size_t> order(lengths.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return lengths[i]; });
  const auto all = std::accumulate(lengths.begin(), lengths.end(), std::int64_t{0});
  const std::int64_t count = std::max<std::int64_t>(1, (all + most - 1) / most), share = (all + count - 1) / count;
  std::vector<std::vector<std::size_t>> batches;
  std::int64_t rows = 0;
  for (const std::size_t i : order) {
    if (batches.empty() || rows >= share || rows + lengths[i] > most) batches.emplace_back(), rows = 0;
    batches.back().push_back(i);
    rows += lengths[i];
  }
  return batches;
}

std::vector<std::int32_t> one_row_each(const Packed& batch, OutputRows which) {
  std::vector<std::int32_t> rows;
  for (std::int64_t s = 0; which != OutputRows::kAll && s < batch.sequences(); ++s) {
    const auto at = static_cast<std::size_t>(s);
    check(batch.length(s) > 0, "[rows] sequence {} is empty", s);
    rows.push_back(which == OutputRows::kFirst ? batch.starts[at] : batch.starts[at + 1] - 1);
  }
  return rows;
}

std::vector<std::int32_t> last_rows(const Packed& batch, std::span<const std::int64_t> counts) {
  check(std::ssize(counts) == batch.sequences(), "[rows] {} counts for {} sequences", counts.size(), batch.sequences());
  std::vector<std::int32_t> rows;
  for (std::size_t s = 0; s < counts.size(); ++s) {
    check(0 < counts[s] && counts[s] <= batch.length(static_cast<std::int64_t>(s)),
          "[rows] {} of the {} rows of sequence {}", counts[s], batch.length(static_cast<std::int64_t>(s)), s);
    for (auto row = batch.starts[s + 1] - static_cast<std::int32_t>(counts[s]); row < batch.starts[s + 1]; ++row)
      rows.push_back(row);
  }
  return rows;
}

Packed pack(const PaddedBatch& padded) {
  check(padded.mask.empty() || padded.mask.size() == padded.ids.size(), "[pack] {} masks for {} rows",
        padded.mask.size(), padded.ids.size());
  check(padded.type_ids.empty() || padded.type_ids.size() == padded.ids.size(), "[pack] {} type id rows for {} rows",
        padded.type_ids.size(), padded.ids.size());
  Packed batch;
  for (std::size_t s = 0; s < padded.ids.size(); ++s) {
    const auto& ids = padded.ids[s];
    check(padded.mask.empty() || padded.mask[s].size() == ids.size(), "[pack] row {}: {} mask entries for {} ids", s,
          padded.mask.empty() ? 0 : padded.mask[s].size(), ids.size());
    check(padded.type_ids.empty() || padded.type_ids[s].size() == ids.size(), "[pack] row {}: {} type ids for {} ids",
          s, padded.type_ids.empty() ? 0 : padded.type_ids[s].size(), ids.size());
    std::vector<std::int32_t> kept, types;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (!padded.mask.empty() && padded.mask[s][i] == 0) continue;
      kept.push_back(ids[i]);
      if (!padded.type_ids.empty()) types.push_back(padded.type_ids[s][i]);
    }
    batch.add(kept, types);
  }
  return batch;
}

}  // namespace linnet::nn
