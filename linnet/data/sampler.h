// Groups rows into batches: shuffled by seed and epoch, rows of similar length together, resumable.
//
//   Sampler sampler(lengths, {.batch_rows = 32, .seed = 1});
//   for (std::vector<std::int64_t> rows; sampler.next(rows);) step(rows);  // one epoch
//   sampler.start_epoch(1);
//   Sampler again(lengths, options); again.seek(state);     // after a restart: the same batches follow
//
// An epoch's batches depend on (lengths, options, epoch) only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace linnet {

enum class SampleOrder : std::uint8_t {
  kBuckets,   // shuffled, then batches of similar length
  kShuffled,  // shuffled; lengths are ignored
  kFile,      // consecutive rows, every epoch the same
};

enum class LastBatch : std::uint8_t { kKeep, kDrop };  // a last batch with fewer rows than batch_rows

struct SamplerOptions {
  std::int64_t batch_rows = 32;   // maximum rows per batch
  std::int64_t batch_tokens = 0;  // maximum sum of lengths per batch (a longer row is alone); 0: no limit
  SampleOrder order = SampleOrder::kBuckets;
  LastBatch last = LastBatch::kKeep;
  std::int64_t bucket_batches = 50;  // kBuckets: rows of this many batches are sorted by length together
  std::uint64_t seed = 0;
};

struct SamplerState {
  std::int64_t epoch = 0;
  std::int64_t position = 0;  // batches taken in this epoch
};

class Sampler {
 public:
  // `lengths`: tokens of every row.
  Sampler(std::vector<std::int64_t> lengths, SamplerOptions options);

  // The next batch of the epoch as row numbers; false at its end.
  bool next(std::vector<std::int64_t>& rows);
  void start_epoch(std::int64_t epoch);
  void seek(SamplerState state);
  SamplerState state() const { return state_; }
  std::int64_t batches() const { return static_cast<std::int64_t>(batches_.size()); }  // of this epoch

 private:
  void plan();
  void cut(const std::vector<std::int64_t>& order, std::size_t begin, std::size_t end);
  std::vector<std::int64_t> lengths_;
  SamplerOptions options_;
  SamplerState state_;
  std::vector<std::vector<std::int64_t>> batches_;
};

// Consecutive parts of a batch with at most `most` tokens each; a longer row is alone. The rows outlive the result.
std::vector<std::span<const std::int64_t>> split_tokens(std::span<const std::int64_t> rows,
                                                        std::span<const std::int64_t> lengths, std::int64_t most);

}  // namespace linnet
