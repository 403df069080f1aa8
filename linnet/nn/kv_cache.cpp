#include "linnet/nn/kv_cache.h"

#include <cstring>

#include "linnet/base/error.h"
#include "linnet/ops/autograd.h"

namespace linnet::nn {

KvCache::KvCache(const TransformerConfig& config, DType type)
    : layers_(config.stack == Stack::kEncoderDecoder ? config.decoder_layers : config.layers),
      kv_heads_(config.kv_heads), head_dim_(config.head_dim), type_(type) {
  check(type == DType::kF32 || type == DType::kBF16, "[kv cache] {} is not F32 or BF16", info(type).name);
}

std::size_t KvCache::bytes_per_position() const {
  return row_bytes(type_, layers_ * 2 * kv_heads_ * head_dim_);
}

std::size_t KvCache::offset(std::int64_t layer, int which) const {
  return row_bytes(type_, (layer * 2 + which) * kv_heads_ * kKvBlock * head_dim_);
}

void KvCache::truncate(Sequence& sequence, std::int64_t length) const {
  check(0 <= length && length <= sequence.length_, "[kv cache] cannot cut {} positions to {}", sequence.length_, length);
  sequence.length_ = length;
  sequence.blocks_.resize(static_cast<std::size_t>((length + kKvBlock - 1) / kKvBlock));
}

void KvCache::reserve(Sequence& sequence, std::int64_t count) const {
  const auto wanted = static_cast<std::size_t>((sequence.length_ + count + kKvBlock - 1) / kKvBlock);
  const bool partial = sequence.length_ % kKvBlock != 0;
  if (partial && count > 0) {
    auto& last = sequence.blocks_[static_cast<std::size_t>(sequence.length_ / kKvBlock)];
    if (last.use_count() > 1) {  // shared with a fork: copy on write
      auto own = std::make_shared<Tensor>(Tensor::empty(last->shape(), type_));
      std::memcpy(own->raw(), last->raw(), own->bytes());
      last = std::move(own);
    }
  }
  while (sequence.blocks_.size() < wanted)
    sequence.blocks_.push_back(
        std::make_shared<Tensor>(Tensor::empty({layers_, 2, kv_heads_, kKvBlock, head_dim_}, type_)));
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
  const Tensor* both[] = {&k, &v};
  for (int which = 0; which < 2; ++which) {
    const Tensor& x = *both[which];
    const auto* values = reinterpret_cast<const float*>(x.raw());
    for (std::int64_t row = 0; row < x.size(0); ++row) {
      const std::int64_t position = sequence.length_ + row;
      std::byte* block = sequence.blocks_[static_cast<std::size_t>(position / kKvBlock)]->raw() + offset(layer, which);
      for (std::int64_t head = 0; head < kv_heads_; ++head)
        store_row(type_, values + row * x.stride(0) + head * x.stride(1),
                  block + row_bytes(type_, (head * kKvBlock + position % kKvBlock) * head_dim_), head_dim_);
    }
  }
}

void KvCache::block_pointers(const Sequence& sequence, std::int64_t layer, std::vector<const void*>& k,
                             std::vector<const void*>& v) const {
  for (const auto& block : sequence.blocks_) {
    k.push_back(block->raw() + offset(layer, 0));
    v.push_back(block->raw() + offset(layer, 1));
  }
}

}  // namespace linnet::nn
