#include "linnet/data/sampler.h"

#include <algorithm>
#include <numeric>

#include "linnet/base/error.h"
#include "linnet/base/rng.h"

namespace linnet {

Sampler::Sampler(std::vector<std::int64_t> lengths, SamplerOptions options)
    : lengths_(std::move(lengths)), options_(options) {
  check(options_.batch_rows > 0, "[data] a batch of {} rows", options_.batch_rows);
  check(options_.batch_tokens >= 0, "[data] a batch of {} tokens", options_.batch_tokens);
  check(options_.bucket_batches > 0, "[data] a bucket of {} batches", options_.bucket_batches);
  plan();
}

// Splits `order` from `begin` to `end` into batches.
void Sampler::cut(const std::vector<std::int64_t>& order, std::size_t begin, std::size_t end) {
  std::vector<std::int64_t> batch;
  std::int64_t tokens = 0;
  for (std::size_t i = begin; i < end; ++i) {
    const std::int64_t length = lengths_[static_cast<std::size_t>(order[i])];
    const bool rows_full = static_cast<std::int64_t>(batch.size()) >= options_.batch_rows;
    const bool tokens_full = options_.batch_tokens > 0 && tokens + length > options_.batch_tokens;
    if (!batch.empty() && (rows_full || tokens_full)) {
      batches_.push_back(std::exchange(batch, {}));
      tokens = 0;
    }
    batch.push_back(order[i]);
    tokens += length;
  }
  const bool partial = end == order.size() && static_cast<std::int64_t>(batch.size()) < options_.batch_rows;
  if (!batch.empty() && !(partial && options_.last == LastBatch::kDrop)) batches_.push_back(std::move(batch));
}

void Sampler::plan() {
  batches_.clear();
  std::vector<std::int64_t> order(lengths_.size());
  std::iota(order.begin(), order.end(), 0);
  Rng rng(options_.seed, static_cast<std::uint64_t>(state_.epoch));
  if (options_.order != SampleOrder::kFile) rng.shuffle(order);
  if (options_.order != SampleOrder::kBuckets) return cut(order, 0, order.size());
  const auto bucket = static_cast<std::size_t>(options_.batch_rows * options_.bucket_batches);
  for (std::size_t begin = 0; begin < order.size(); begin += bucket) {
    const std::size_t end = std::min(order.size(), begin + bucket);
    std::stable_sort(order.begin() + static_cast<std::ptrdiff_t>(begin),
                     order.begin() + static_cast<std::ptrdiff_t>(end), [&](std::int64_t a, std::int64_t b) {
                       return lengths_[static_cast<std::size_t>(a)] > lengths_[static_cast<std::size_t>(b)];
                     });
    cut(order, begin, end);
  }
  rng.shuffle(batches_);  // so that an epoch is not sorted by length
}

bool Sampler::next(std::vector<std::int64_t>& rows) {
  if (state_.position >= batches()) return false;
  rows = batches_[static_cast<std::size_t>(state_.position++)];
  return true;
}

void Sampler::start_epoch(std::int64_t epoch) { seek({epoch, 0}); }

void Sampler::seek(SamplerState state) {
  check(state.epoch >= 0 && state.position >= 0, "[data] there is no epoch {}, batch {}", state.epoch, state.position);
  state_ = state;
  plan();
  check(state.position <= batches(), "[data] epoch {} has {} batches, not {}; was the data changed?", state.epoch,
        batches(), state.position);
}

std::vector<std::span<const std::int64_t>> split_tokens(std::span<const std::int64_t> rows,
                                                        std::span<const std::int64_t> lengths, std::int64_t most) {
  std::vector<std::span<const std::int64_t>> parts;
  std::size_t begin = 0;
  std::int64_t tokens = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::int64_t length = lengths[static_cast<std::size_t>(rows[i])];
    if (i > begin && tokens + length > most) {
      parts.push_back(rows.subspan(begin, i - begin));
      begin = i;
      tokens = 0;
    }
    tokens += length;
  }
  if (begin < rows.size()) parts.push_back(rows.subspan(begin));
  return parts;
}

}  // namespace linnet
