#include "linnet/nn/kv_cache.h"

#include <cstring>
#include <utility>

#include "linnet/base/error.h"
#include "linnet/ops/autograd.h"

namespace linnet::nn {

KvCache::KvCache(const TransformerConfig& config, DType type)
    : layers_(config.stack == Stack::kEncoderDecoder ? config.decoder_layers : config.layers),
      kv_heads_(config.kv_heads),
      head_dim_(config.head_dim),
      type_(type) {
  check(type == DType::kF32 || type == DType::kBF16, "[kv cache] {} is not F32 or BF16", info(type).name);
}

std::size_t KvCache::bytes_per_position() const { return row_bytes(type_, layers_ * 2 * kv_heads_ * head_dim_); }

std::byte* KvCache::at(const Tensor& block, std::int64_t layer, int which, std::int64_t head,
                       std::int64_t position) const {
  if (block.size(0) == 1) layer = 0;
  const std::int64_t row = (((layer * 2 + which) * kv_heads_ + head) * kKvBlock) + position;
  return block.raw() + row_bytes(type_, row * head_dim_);
}

std::shared_ptr<Tensor> KvCache::new_block(Room room) const {
  const std::int64_t layers = room == Room::kOneLayer ? 1 : layers_;
  return std::make_shared<Tensor>(Tensor::empty({layers, 2, kv_heads_, kKvBlock, head_dim_}, type_));
}

void KvCache::copy_positions(const Tensor& from, const Tensor& to, std::int64_t layer, std::int64_t count) const {
  for (const int which : {0, 1})
    for (std::int64_t head = 0; head < kv_heads_; ++head)
      std::memcpy(at(to, layer, which, head), at(from, layer, which, head), row_bytes(type_, count * head_dim_));
}

void KvCache::truncate(Sequence& sequence, std::int64_t length) const {
  check(0 <= length && length <= sequence.length_, "[kv cache] cannot cut {} positions to {}", sequence.length_,
        length);
  sequence.length_ = length;
  sequence.blocks_.resize(static_cast<std::size_t>((length + kKvBlock - 1) / kKvBlock));
}

void KvCache::reserve(Sequence& sequence, std::int64_t count, Room room) const {
  const auto wanted = static_cast<std::size_t>((sequence.length_ + count + kKvBlock - 1) / kKvBlock);
  const std::int64_t partial = sequence.length_ % kKvBlock;
  LINNET_ASSERT(!sequence.before_ &&
                (sequence.blocks_.empty() || sequence.blocks_.back()->size(0) == layers_));  // its last pass kept all
  if (partial != 0 && count > 0) {
    auto& last = sequence.blocks_[static_cast<std::size_t>(sequence.length_ / kKvBlock)];
    if (last.use_count() > 1) {  // shared with a fork: copy on write
      const std::shared_ptr<Tensor> shared = std::exchange(last, new_block(room));
      if (room == Room::kOneLayer)
        sequence.before_ = shared;
      else
        for (std::int64_t layer = 0; layer < layers_; ++layer) copy_positions(*shared, *last, layer, partial);
    }
  }
  while (sequence.blocks_.size() < wanted) sequence.blocks_.push_back(new_block(room));
}

namespace {

void store_row(DType type, const float* source, std::byte* target, std::int64_t n) {
  if (type == DType::kF32)
    std::memcpy(target, source, static_cast<std::size_t>(n) * sizeof(float));
  else
    backend().from_float(source, type, target, 1, n);
}

}  // namespace

void KvCache::store(const Sequence& sequence, std::int64_t layer, const Tensor& k, const Tensor& v) const {
  forbid_grad("kv cache", {k, v});
  const auto block_of = [&](std::int64_t position) -> const Tensor& {
    return *sequence.blocks_[static_cast<std::size_t>(position / kKvBlock)];
  };
  if (sequence.before_)
    copy_positions(*sequence.before_, block_of(sequence.length_), layer, sequence.length_ % kKvBlock);
  const Tensor* both[] = {&k, &v};
  for (int which = 0; which < 2; ++which) {
    const Tensor& x = *both[which];
    const auto* values = reinterpret_cast<const float*>(x.raw());
    for (std::int64_t row = 0; row < x.size(0); ++row) {
      const std::int64_t position = sequence.length_ + row;
      for (std::int64_t head = 0; head < kv_heads_; ++head)
        store_row(type_, values + row * x.stride(0) + head * x.stride(1),
                  at(block_of(position), layer, which, head, position % kKvBlock), head_dim_);
    }
  }
}

void KvCache::block_pointers(const Sequence& sequence, std::int64_t layer, std::vector<const void*>& k,
                             std::vector<const void*>& v) const {
  for (const auto& block : sequence.blocks_) {
    k.push_back(at(*block, layer, 0));
    v.push_back(at(*block, layer, 1));
  }
}

}  // namespace linnet::nn
