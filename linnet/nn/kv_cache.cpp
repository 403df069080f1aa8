#include "linnet/nn/kv_cache.h"

#include <algorithm>
#include <utility>

#include "linnet/backend/backend.h"
#include "linnet/base/error.h"
#include "linnet/base/parallel.h"
#include "linnet/ops/autograd.h"
#include "linnet/tensor/allocator.h"

namespace linnet::nn {
namespace {

constexpr std::int64_t kCopiedAtOnce = 65536;  // values that a thread copies

}  // namespace

KvCache::KvCache(const TransformerConfig& config, DType type, std::size_t blocks, Device device)
    : layers_(config.stack == Stack::kEncoderDecoder ? config.decoder_layers : config.layers),
      kv_heads_(config.kv_heads),
      head_dim_(config.head_dim),
      type_(type),
      device_(device),
      capacity_(blocks) {
  check(type == DType::kF32 || type == DType::kBF16, "[kv cache] {} is not F32 or BF16", info(type).name);
}

std::size_t KvCache::bytes_per_position() const { return row_bytes(type_, layers_ * 2 * kv_heads_ * head_dim_); }

std::byte* KvCache::at(const Tensor& block, std::int64_t layer, int which) const {
  if (block.size(0) == 1) layer = 0;
  return block.data_ptr() + row_bytes(type_, (layer * 2 + which) * kv_heads_ * head_dim_ * kKvBlock);
}

KvCache::Block KvCache::new_block(Room room) const {
  const auto make = [&](std::int64_t layers) {
    return std::make_unique<Tensor>(Tensor::empty({layers, 2, kv_heads_, kKvBlock * head_dim_}, type_, device_));
  };
  if (room == Room::kOneLayer) return make(1);  // for one pass; not counted in the pool
  std::unique_ptr<Tensor> block;
  {
    const std::lock_guard lock(pool_->mutex);
    check(pool_->used < capacity_, ErrorKind::kRuntime, "[kv cache] all {} blocks are in use", capacity_);
    if (pool_->free.empty()) pool_->free.push_back(make(layers_));
    block = std::move(pool_->free.back());
    pool_->free.pop_back();
    ++pool_->used;
  }
  return {block.release(), [pool = pool_](Tensor* back) {
            const std::lock_guard lock(pool->mutex);
            pool->free.emplace_back(back);
            --pool->used;
          }};
}

void KvCache::copy_layer(const Tensor& from, const Tensor& to, std::int64_t layer) const {
  allocator(device_).copy(at(to, layer, 0), at(from, layer, 0), row_bytes(type_, 2 * kv_heads_ * head_dim_ * kKvBlock));
}

void KvCache::truncate(Sequence& sequence, std::int64_t length) const {
  check(0 <= length && length <= sequence.length_, "[kv cache] cannot cut {} positions to {}", sequence.length_,
        length);
  if (sequence.before_)  // one-layer room that no pass has used
    sequence.blocks_[static_cast<std::size_t>(sequence.length_ / kKvBlock)] = std::exchange(sequence.before_, nullptr);
  sequence.length_ = length;
  sequence.blocks_.resize(static_cast<std::size_t>((length + kKvBlock - 1) / kKvBlock));
}

void KvCache::append(Sequence& sequence, Block block, std::int64_t count) const {
  LINNET_ASSERT(sequence.length_ == std::ssize(sequence.blocks_) * kKvBlock && block->size(0) == layers_);
  LINNET_ASSERT(0 < count && count <= kKvBlock);
  sequence.blocks_.push_back(std::move(block));
  sequence.length_ += count;
}

std::size_t KvCache::blocks_wanted(const Sequence& sequence, std::int64_t count) const {
  const auto wanted = static_cast<std::size_t>((sequence.length_ + count + kKvBlock - 1) / kKvBlock);
  const std::size_t more = wanted > sequence.blocks_.size() ? wanted - sequence.blocks_.size() : 0;
  const bool copies = sequence.length_ % kKvBlock != 0 && count > 0 &&
                      sequence.blocks_[static_cast<std::size_t>(sequence.length_ / kKvBlock)].use_count() > 1;
  return more + (copies ? 1 : 0);
}

void KvCache::reserve(Sequence& sequence, std::int64_t count, Room room) const {
  if (blocks_wanted(sequence, count) == 0) return;
  const auto wanted = static_cast<std::size_t>((sequence.length_ + count + kKvBlock - 1) / kKvBlock);
  const std::int64_t partial = sequence.length_ % kKvBlock;
  LINNET_ASSERT(!sequence.before_ &&
                (sequence.blocks_.empty() || sequence.blocks_.back()->size(0) == layers_));  // has all layers
  if (partial != 0 && count > 0) {
    auto& last = sequence.blocks_[static_cast<std::size_t>(sequence.length_ / kKvBlock)];
    if (last.use_count() > 1) {  // shared with a fork: copy on write
      const Block shared = std::exchange(last, new_block(room));
      if (room == Room::kOneLayer)
        sequence.before_ = shared;
      else
        parallel_for(layers_, std::max<std::int64_t>(1, kCopiedAtOnce / (2 * kv_heads_ * head_dim_ * kKvBlock)),
                     [&](std::int64_t from, std::int64_t to) {
                       for (std::int64_t layer = from; layer < to; ++layer) copy_layer(*shared, *last, layer);
                     });
    }
  }
  while (sequence.blocks_.size() < wanted) sequence.blocks_.push_back(new_block(room));
}

void KvCache::store(const Sequence& sequence, std::int64_t layer, const Tensor& k, const Tensor& v) const {
  forbid_grad("kv cache", {k, v});
  check(k.device() == device_ && v.device() == device_, "[kv cache] keys and values are on another device");
  if (sequence.before_)
    copy_layer(*sequence.before_, *sequence.blocks_[static_cast<std::size_t>(sequence.length_ / kKvBlock)], layer);
  std::vector<void*> k_blocks, v_blocks;
  for (const auto& block : sequence.blocks_) {
    k_blocks.push_back(at(*block, layer, 0));
    v_blocks.push_back(at(*block, layer, 1));
  }
  KvStoreArgs args{};
  args.k = reinterpret_cast<const float*>(k.data_ptr());
  args.v = reinterpret_cast<const float*>(v.data_ptr());
  args.k_stride = k.stride(0), args.k_head_stride = k.stride(1);
  args.v_stride = v.stride(0), args.v_head_stride = v.stride(1);
  args.rows = k.size(0), args.kv_heads = kv_heads_, args.head_dim = head_dim_;
  args.position = sequence.length_;
  args.type = type_;
  args.k_blocks = k_blocks.data(), args.v_blocks = v_blocks.data();
  backend(device_).kv_store(args);
}

void KvCache::block_pointers(const Sequence& sequence, std::int64_t layer, std::vector<const void*>& k,
                             std::vector<const void*>& v) const {
  for (const auto& block : sequence.blocks_) {
    k.push_back(at(*block, layer, 0));
    v.push_back(at(*block, layer, 1));
  }
}

}  // namespace linnet::nn
