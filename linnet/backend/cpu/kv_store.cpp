#include "linnet/backend/cpu/kv_store.h"

#include <algorithm>
#include <cstring>

#include "linnet/backend/cpu/gemm.h"
#include "linnet/backend/cpu/scratch.h"
#include "linnet/base/parallel.h"

namespace linnet::cpu {
namespace {

std::uint32_t pair_of(std::uint16_t first, std::uint16_t second) { return first | std::uint32_t{second} << 16; }

// One position of a head.
void store_key(const std::uint16_t* key, std::int64_t head_dim, std::int64_t position, std::uint16_t* head) {
  for (std::int64_t d = 0; d < head_dim / 2; ++d) {
    const std::uint32_t pair = pair_of(key[2 * d], key[2 * d + 1]);
    std::memcpy(head + (d * kKvBlock + position) * 2, &pair, sizeof pair);
  }
  if (head_dim % 2 == 1) head[key_place(DType::kBF16, head_dim, position, head_dim - 1)] = key[head_dim - 1];
}

// The positions from an even one on, 0 in place of the second if there is none.
void store_values(const std::uint16_t* first, const std::uint16_t* second, std::int64_t head_dim, std::int64_t position,
                  std::uint16_t* head) {
  std::uint16_t* const to = head + position * head_dim;
  for (std::int64_t d = 0; d < head_dim; ++d) {
    const std::uint32_t pair = pair_of(first[d], second == nullptr ? 0 : second[d]);
    std::memcpy(to + 2 * d, &pair, sizeof pair);
  }
}

void store_second_value(const std::uint16_t* value, std::int64_t head_dim, std::int64_t position, std::uint16_t* head) {
  for (std::int64_t d = 0; d < head_dim; ++d) head[value_place(DType::kBF16, head_dim, position, d)] = value[d];
}

// Rows of the positions [begin, end), which share a pair.
void store_pair(const KvStoreArgs& a, std::int64_t begin, std::int64_t end) {
  auto* const narrow = scratch<ScratchFor::kConvert, std::uint16_t>(4 * a.head_dim);
  std::uint16_t* const values = narrow + 2 * a.head_dim;
  const std::int64_t block = begin / kKvBlock, within = begin % kKvBlock, count = end - begin;
  for (std::int64_t h = 0; h < a.kv_heads; ++h) {
    const std::int64_t row = begin - a.position, place = h * kKvBlock * a.head_dim;
    auto* const key_head = static_cast<std::uint16_t*>(a.k_blocks[block]) + place;
    auto* const value_head = static_cast<std::uint16_t*>(a.v_blocks[block]) + place;
    narrow_bf16_rows(a.k + row * a.k_stride + h * a.k_head_stride, a.k_stride, count, a.head_dim, narrow);
    narrow_bf16_rows(a.v + row * a.v_stride + h * a.v_head_stride, a.v_stride, count, a.head_dim, values);
    for (std::int64_t i = 0; i < count; ++i) store_key(narrow + i * a.head_dim, a.head_dim, within + i, key_head);
    if (within % 2 == 1)
      store_second_value(values, a.head_dim, within, value_head);
    else
      store_values(values, count == 2 ? values + a.head_dim : nullptr, a.head_dim, within, value_head);
  }
}

void store_floats(const KvStoreArgs& a, std::int64_t position) {
  const std::int64_t block = position / kKvBlock, within = position % kKvBlock, row = position - a.position;
  for (std::int64_t h = 0; h < a.kv_heads; ++h) {
    const std::int64_t place = h * kKvBlock * a.head_dim;
    const float* const key = a.k + row * a.k_stride + h * a.k_head_stride;
    float* const to = static_cast<float*>(a.k_blocks[block]) + place + within;
    for (std::int64_t d = 0; d < a.head_dim; ++d) to[d * kKvBlock] = key[d];
    std::copy_n(a.v + row * a.v_stride + h * a.v_head_stride, a.head_dim,
                static_cast<float*>(a.v_blocks[block]) + place + within * a.head_dim);
  }
}

constexpr std::int64_t kGrain = 16384;  // values per thread

}  // namespace

void kv_store(const KvStoreArgs& a) {
  const bool paired = a.type == DType::kBF16;
  const std::int64_t end = a.position + a.rows, step = paired ? 2 : 1, first = a.position / step;
  const std::int64_t grain = std::max<std::int64_t>(1, kGrain / std::max<std::int64_t>(1, a.kv_heads * a.head_dim));
  parallel_for((end + step - 1) / step - first, grain, [&](std::int64_t from, std::int64_t to) {
    for (std::int64_t i = first + from; i < first + to; ++i)
      paired ? store_pair(a, std::max(a.position, 2 * i), std::min(end, 2 * i + 2)) : store_floats(a, i);
  });
}

}  // namespace linnet::cpu
