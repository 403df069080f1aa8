// Keys and values of past tokens: a pool of blocks of 64 positions, optionally limited; freed blocks are reused. A
// sequence is a list of blocks and a length; `fork` shares full blocks and copies the last partial one, `truncate`
// shortens. Shared prompt prefixes, label tries, beams and continuous batching all use it (PagedAttention, Kwon et al.
// 2023).
//
//   KvCache cache(config, DType::kF32);
//   KvCache::Sequence text = cache.fork(prefix);
//   model.forward(batch, {.cache = &cache, .sequences = one(text)});
#pragma once

#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <vector>

#include "linnet/nn/config.h"
#include "linnet/tensor/tensor.h"

namespace linnet::nn {

class KvCache {
 public:
  static constexpr std::size_t kUnbounded = std::numeric_limits<std::size_t>::max();
  // `type`: F32 or BF16. `blocks`: maximum number in use.
  KvCache(const TransformerConfig& config, DType type, std::size_t blocks = kUnbounded, Device device = kCpu);
  // BF16 if products with the weights round their input anyway (BF16 and quantised weights).
  static DType type_beside(DType weights) {
    return weights == DType::kF32 || weights == DType::kF16 ? DType::kF32 : DType::kBF16;
  }

  // [layers or 1, 2, kv_heads, 64 * head_dim]; a head has the layout of the backend's attention. The last owner returns
  // it to the pool.
  using Block = std::shared_ptr<Tensor>;

  class Sequence {
   public:
    std::int64_t length() const { return length_; }
    const std::vector<Block>& blocks() const { return blocks_; }

   private:
    friend class KvCache;
    std::vector<Block> blocks_;
    Block before_;  // after a pass with one-layer room: the block before its first one
    std::int64_t length_ = 0;
  };

  // Number of layers of new positions that are kept. `kOneLayer`: for a pass after which nothing continues the
  // sequence; each layer overwrites the previous one, which saves most of the memory.
  enum class Room : std::uint8_t { kAllLayers, kOneLayer };

  Sequence fork(const Sequence& source) const { return source; }  // copied on write
  // Also frees reserved room. Not allowed after a pass that kept one layer.
  void truncate(Sequence& sequence, std::int64_t length) const;
  // Appends the first `count` positions of another sequence's block; this sequence has full blocks only.
  void append(Sequence& sequence, Block block, std::int64_t count = kKvBlock) const;
  // Reserves room for `count` more positions that only this sequence writes to. Call it before storing. kRuntime if the
  // pool has fewer free blocks than `blocks_wanted`.
  void reserve(Sequence& sequence, std::int64_t count, Room room = Room::kAllLayers) const;
  // Writes rows of k and v [rows, kv_heads, head_dim] (strided) after the sequence's length. With one-layer room, each
  // layer must be read before the next is written.
  void store(const Sequence& sequence, std::int64_t layer, const Tensor& k, const Tensor& v) const;
  void advance(Sequence& sequence, std::int64_t count) const { sequence.length_ += count; }

  // Pointers to a layer's blocks for the attention kernel.
  void block_pointers(const Sequence& sequence, std::int64_t layer, std::vector<const void*>& k,
                      std::vector<const void*>& v) const;
  // Reshapes rows [rows, kv_heads * head_dim] for `store`.
  Tensor heads_of(const Tensor& rows) const { return rows.reshape({rows.size(0), kv_heads_, head_dim_}); }
  // Number of blocks that `reserve` would take (with the copy of a shared one), and of free blocks.
  std::size_t blocks_wanted(const Sequence& sequence, std::int64_t count) const;
  std::size_t free_blocks() const { return capacity_ - pool_->used; }
  std::size_t capacity() const { return capacity_; }
  std::size_t used_blocks() const { return pool_->used; }
  DType type() const { return type_; }
  std::size_t bytes_per_position() const;

 private:
  struct Pool {
    std::mutex mutex;  // the last owner of a block may be another thread
    std::vector<std::unique_ptr<Tensor>> free;
    std::atomic<std::size_t> used = 0;
  };
  Block new_block(Room room) const;
  std::byte* at(const Tensor& block, std::int64_t layer, int which) const;  // which: 0 keys, 1 values
  void copy_layer(const Tensor& from, const Tensor& to, std::int64_t layer) const;
  std::int64_t layers_, kv_heads_, head_dim_;
  DType type_;
  Device device_;
  std::size_t capacity_;
  std::shared_ptr<Pool> pool_ = std::make_shared<Pool>();
};

}  // namespace linnet::nn
