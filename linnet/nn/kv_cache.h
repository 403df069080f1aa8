// Keys and values of tokens already seen: a pool of blocks of 64 positions, of a bounded number if wanted; what a
// sequence gives back is used again. A sequence is a list of blocks and a length; `fork` shares full blocks and copies
// the last partial one, `truncate` drops. One mechanism for shared prompt prefixes, label tries, beams and continuous
// batching (PagedAttention, Kwon et al. 2023).
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
  // `type`: F32 or BF16. `blocks`: how many may be in use at a time.
  KvCache(const TransformerConfig& config, DType type, std::size_t blocks = kUnbounded);
  // BF16 where products with the weights round their input anyway: those of BF16 and quantised weights.
  static DType type_beside(DType weights) {
    return weights == DType::kF32 || weights == DType::kF16 ? DType::kF32 : DType::kBF16;
  }

  // [layers or 1, 2, kv_heads, 64 * head_dim]; a head as the backend's attention reads it. The pool has it back when
  // the last owner lets go.
  using Block = std::shared_ptr<Tensor>;

  class Sequence {
   public:
    std::int64_t length() const { return length_; }
    const std::vector<Block>& blocks() const { return blocks_; }

   private:
    friend class KvCache;
    std::vector<Block> blocks_;
    Block before_;  // of a pass with room for one layer: where the first of its blocks comes from
    std::int64_t length_ = 0;
  };

  // For how many layers new positions are kept. `kOneLayer`: for a pass after which nothing continues the sequence;
  // each layer overwrites the one before, which spares most of the memory.
  enum class Room : std::uint8_t { kAllLayers, kOneLayer };

  Sequence fork(const Sequence& source) const { return source; }  // the copy is made when one of them writes
  // Room that was reserved goes, too. Not after a pass that kept one layer.
  void truncate(Sequence& sequence, std::int64_t length) const;
  // The first `count` positions of a block of another sequence go on where this one, of full blocks, ends.
  void append(Sequence& sequence, Block block, std::int64_t count = kKvBlock) const;
  // Makes room for `count` more positions that only this sequence writes to, where there is none. Call before storing.
  // kRuntime when the pool has fewer free blocks than `blocks_wanted` says.
  void reserve(Sequence& sequence, std::int64_t count, Room room = Room::kAllLayers) const;
  // Writes rows of k and v [rows, kv_heads, head_dim] (strided) behind the sequence's length. With room for one layer,
  // layer after layer, each read before the next is written.
  void store(const Sequence& sequence, std::int64_t layer, const Tensor& k, const Tensor& v) const;
  void advance(Sequence& sequence, std::int64_t count) const { sequence.length_ += count; }

  // Where a layer's blocks start, for the attention kernel.
  void block_pointers(const Sequence& sequence, std::int64_t layer, std::vector<const void*>& k,
                      std::vector<const void*>& v) const;
  // Rows [rows, kv_heads * head_dim] as `store` takes them.
  Tensor heads_of(const Tensor& rows) const { return rows.reshape({rows.size(0), kv_heads_, head_dim_}); }
  // Blocks that `reserve` would take, the copy of a shared one included, and those that are there to take.
  std::size_t blocks_wanted(const Sequence& sequence, std::int64_t count) const;
  std::size_t free_blocks() const { return capacity_ - pool_->used; }
  std::size_t capacity() const { return capacity_; }
  std::size_t used_blocks() const { return pool_->used; }
  DType type() const { return type_; }
  std::size_t bytes_per_position() const;

 private:
  struct Pool {
    std::mutex mutex;  // the last owner of a block may be on another thread
    std::vector<std::unique_ptr<Tensor>> free;
    std::atomic<std::size_t> used = 0;
  };
  Block new_block(Room room) const;
  std::byte* at(const Tensor& block, std::int64_t layer, int which) const;  // which: 0 keys, 1 values
  void copy_layer(const Tensor& from, const Tensor& to, std::int64_t layer) const;
  std::int64_t layers_, kv_heads_, head_dim_;
  DType type_;
  std::size_t capacity_;
  std::shared_ptr<Pool> pool_ = std::make_shared<Pool>();
};

}  // namespace linnet::nn
