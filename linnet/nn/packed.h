// A batch without padding: the concatenated rows of all sequences.
//
//   Packed batch = pack({{1, 2, 3}, {4, 5}});  // 5 rows, starts {0, 3, 5}, positions 0 1 2 0 1
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace linnet::nn {

inline constexpr std::int32_t kNoToken = -1;  // id of a row of a soft prompt

struct Packed {
  std::vector<std::int32_t> ids, positions, type_ids;  // one per row; empty type_ids: all 0
  std::vector<std::int32_t> starts{0};                 // sequences + 1 entries

  std::int64_t rows() const { return static_cast<std::int64_t>(ids.size()); }
  std::int64_t sequences() const { return static_cast<std::int64_t>(starts.size()) - 1; }
  std::int64_t length(std::int64_t sequence) const {
    return starts[static_cast<std::size_t>(sequence) + 1] - starts[static_cast<std::size_t>(sequence)];
  }
  // Adds a sequence whose first position is `position` (the length in the cache).
  void add(std::span<const std::int32_t> sequence, std::span<const std::int32_t> types = {}, std::int32_t position = 0);
};

Packed pack(const std::vector<std::vector<std::int32_t>>& sequences);

// Default number of rows per batch: enough to amortise reading the weights.
inline constexpr std::int64_t kBatchRows = 2048;
// Rows of one pass over a long prompt; run_memory (models/summary.h) predicts its memory.
inline constexpr std::int64_t kPrefillRows = 1024;
// Batches of sequences with these lengths: sorted by length, split evenly into about the smallest number of batches of
// `most` rows. A longer sequence is alone.
std::vector<std::vector<std::size_t>> even_batches(std::span<const std::int64_t> lengths, std::int64_t most);

// Output rows of each sequence: all or one.
enum class OutputRows : std::uint8_t { kAll, kFirst, kLast };
// The first or the last row of each sequence; kAll: an empty list. Rejects an empty sequence.
std::vector<std::int32_t> one_row_each(const Packed& batch, OutputRows which);
// The last `counts[s]` rows of each sequence s, which has at least that many.
std::vector<std::int32_t> last_rows(const Packed& batch, std::span<const std::int64_t> counts);

// A padded batch with an attention mask; masked rows are removed, and positions count the remaining ones.
struct PaddedBatch {
  std::vector<std::vector<std::int32_t>> ids, mask, type_ids;  // mask, type_ids: as ids, or empty
};
Packed pack(const PaddedBatch& batch);

}  // namespace linnet::nn
