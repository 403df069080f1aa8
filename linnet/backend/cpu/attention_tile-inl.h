// Shared by the forward and backward pass of attention: tiles of 64 keys, blocks of query rows of one head.
#if defined(LINNET_ATTENTION_TILE_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef LINNET_ATTENTION_TILE_INL_H
#undef LINNET_ATTENTION_TILE_INL_H
#else
#define LINNET_ATTENTION_TILE_INL_H
#endif

#include <algorithm>
#include <cstring>

#include "hwy/highway.h"
#include "linnet/backend/cpu/attention.h"
#include "linnet/backend/cpu/for_each-inl.h"
#include "linnet/backend/cpu/gemm_tile-inl.h"
#include "linnet/backend/cpu/math-inl.h"
#include "linnet/backend/cpu/scratch.h"

HWY_BEFORE_NAMESPACE();
namespace linnet::cpu {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

inline constexpr std::int64_t kKeys = kKvBlock;  // keys per tile

HWY_INLINE std::int64_t PadColumns(std::int64_t n) { return (n + kTileColumns - 1) / kTileColumns * kTileColumns; }

// Copies rows to rows `to_stride` apart, padded with zeros.
HWY_INLINE void CopyRows(const float* from, std::int64_t stride, std::int64_t rows, std::int64_t columns, float* to,
                         std::int64_t to_stride) {
  for (std::int64_t r = 0; r < rows; ++r, from += stride, to += to_stride) {
    std::memcpy(to, from, static_cast<std::size_t>(columns) * sizeof(float));
    std::fill(to + columns, to + to_stride, 0.0F);
  }
}

// Columns for the register tile, rows `stride` apart; vectors may read whole column tiles.
struct Columns {
  const float* data;
  std::int64_t stride, count;  // count: number of keys
};
using KeyTile = Columns;  // as rows [count][stride]

// A head of the cache block with key `first`; values past the last key are ignored.
template <class T>
HWY_INLINE const T* CachedHead(const AttentionArgs& a, const void* const* blocks, std::int64_t kv_head,
                               std::int64_t first) {
  return static_cast<const T*>(blocks[first / kKeys]) + kv_head * kKeys * a.head_dim;
}

// Dense keys or values first … first + 64 of a sequence, or values of an f32 cache, as rows; `copy` holds 64 padded
// rows if they cannot be read in place.
HWY_INLINE KeyTile LoadTile(const AttentionArgs& a, const AttentionSequence& s, bool values, std::int64_t kv_head,
                            std::int64_t first, bool padded, float* copy) {
  const std::int64_t count = std::min(kKeys, s.kv_len - first), d = a.head_dim, width = PadColumns(d);
  const float* from = nullptr;
  std::int64_t stride = d;
  if (s.v_blocks != nullptr) {
    from = CachedHead<float>(a, s.v_blocks, kv_head, first);
  } else {
    stride = values ? a.v_stride : a.k_stride;
    from = values ? a.v + (s.kv_begin + first) * stride + kv_head * a.v_head_stride
                  : a.k + (s.kv_begin + first) * stride + kv_head * a.k_head_stride;
  }
  if (!padded || width == d) return {from, stride, count};
  CopyRows(from, stride, count, d, copy, width);
  return {copy, width, count};
}

// Splits n pairs of bf16 into two rows of f32.
HWY_INLINE void SplitPairs(const std::uint16_t* pairs, std::int64_t n, float* first, float* second) {
  ForEach(0, n, [&](auto d, std::int64_t i) HWY_ATTR {
    const hn::RebindToUnsigned<decltype(d)> d32;
    const auto both = hn::LoadU(d32, reinterpret_cast<const std::uint32_t*>(pairs) + i);
    hn::StoreU(hn::BitCast(d, hn::ShiftLeft<16>(both)), d, first + i);
    hn::StoreU(hn::BitCast(d, hn::And(both, hn::Set(d32, 0xFFFF0000U))), d, second + i);
  });
}

// Keys of a bf16 cache block as f32 [head_dim][64].
HWY_INLINE void WidenKeys(const std::uint16_t* head, std::int64_t head_dim, float* to) {
  std::int64_t i = 0;
  for (; i + 2 <= head_dim; i += 2) SplitPairs(head + i * kKeys, kKeys, to + i * kKeys, to + (i + 1) * kKeys);
  if (i == head_dim) return;
  ForEach(0, kKeys,
          [&](auto d, std::int64_t j) HWY_ATTR { hn::StoreU(LoadAs(d, head + i * kKeys + j), d, to + i * kKeys + j); });
}

// Values of a bf16 cache block as f32 rows, padded with zeros.
HWY_INLINE void WidenValues(const std::uint16_t* head, std::int64_t head_dim, std::int64_t count, float* to) {
  const std::int64_t width = PadColumns(head_dim);
  for (std::int64_t j = 0; j < count; j += 2) {
    float* const first = to + j * width;
    SplitPairs(head + j * head_dim, head_dim, first, first + width);
    std::fill(first + head_dim, first + width, 0.0F);
    std::fill(first + width + head_dim, first + 2 * width, 0.0F);
  }
}

// The tile's transpose [d][64], zero past `count` up to a whole column tile.
HWY_INLINE void TransposeTile(const KeyTile& tile, std::int64_t d, float* to) {
  const std::int64_t width = PadColumns(tile.count);
  PackRows(tile.data, tile.stride, static_cast<int>(tile.count), d, to, kKeys);
  for (std::int64_t i = 0; i < d && tile.count < width; ++i)
    std::fill(to + i * kKeys + tile.count, to + i * kKeys + width, 0.0F);
}

// scores[rows][64] = A B for A packed [d][rows] and B keys as columns [d][stride].
HWY_INLINE void ScoreBlock(const float* a, int rows, const Columns& keys, std::int64_t d, float* scores) {
  for (std::int64_t n = 0; n < keys.count; n += kTileColumns)
    TileOf(rows, a, rows, keys.data + n, keys.stride, d, {scores + n, kKeys, nullptr, kTileColumns, TileInit::kZero});
}

// One row of scores: position of the query among the keys, visible keys, biases by distance.
struct ScoreRow {
  std::int64_t position, first;  // of the query; of the tile's first key
  float slope;
  const float* distance_bias;  // of the head, or null
  std::int64_t reach;
  const std::int32_t* buckets;           // of the tile's keys; null: no terms of relative positions
  const float *query_terms, *key_terms;  // of the query; of the tile's keys, key_stride apart; or null
  std::int64_t key_stride;
};

HWY_INLINE void AddBias(const ScoreRow& row, std::int64_t keys, float* scores) {
  if (row.slope != 0.0F)
    for (std::int64_t j = 0; j < keys; ++j) scores[j] += row.slope * static_cast<float>(row.first + j - row.position);
  if (row.distance_bias != nullptr)
    for (std::int64_t j = 0; j < keys; ++j)
      scores[j] += row.distance_bias[std::clamp(row.first + j - row.position, -row.reach, row.reach) + row.reach];
  if (row.query_terms != nullptr)
    for (std::int64_t j = 0; j < keys; ++j) scores[j] += row.query_terms[row.buckets[j]];
  if (row.key_terms != nullptr)
    for (std::int64_t j = 0; j < keys; ++j) scores[j] += row.key_terms[j * row.key_stride + row.buckets[j]];
}

HWY_INLINE ScoreRow RowOf(const AttentionArgs& a, const AttentionSequence& s, std::int64_t head, std::int64_t query,
                          std::int64_t first) {
  const std::int64_t position = s.kv_len - s.q_len + query;
  const RelativeTerms& t = a.relative;
  ScoreRow row{
      .position = position,
      .first = first,
      .slope = a.alibi_slopes == nullptr ? 0.0F : a.alibi_slopes[head],
      .distance_bias = a.distance_bias == nullptr ? nullptr : a.distance_bias + head * (2 * a.distance_reach + 1),
      .reach = a.distance_reach,
      .key_stride = t.count};
  if (t.buckets == nullptr) return row;
  row.buckets = t.buckets + first - position + t.reach;
  if (t.queries != nullptr) row.query_terms = t.queries + (head * t.query_rows + s.q_begin + query) * t.count;
  if (t.keys != nullptr) row.key_terms = t.keys + (head * t.key_rows + s.kv_begin + first) * t.count;
  return row;
}

struct KeyRange {
  std::int64_t begin, end;
  bool empty() const { return begin >= end; }
};

// The keys that the queries first … last attend to, or some of them.
HWY_INLINE KeyRange SeenKeys(const AttentionArgs& a, const AttentionSequence& s, std::int64_t first,
                             std::int64_t last) {
  if (!a.causal && a.window == 0) return {0, s.kv_len};  // also queries of another text, which may be longer
  const std::int64_t before = s.kv_len - s.q_len;
  const std::int64_t after = a.causal ? 1 : a.window;
  return {a.window > 0 ? std::max<std::int64_t>(0, before + first - a.window + 1) : 0,
          std::min(s.kv_len, before + last + after)};
}

// Those of `seen` in the tile at `first`, counted from there.
HWY_INLINE KeyRange InTile(const KeyRange& seen, std::int64_t first) {
  return {std::clamp<std::int64_t>(seen.begin - first, 0, kKeys), std::clamp<std::int64_t>(seen.end - first, 0, kKeys)};
}

// softcap * tanh(score / softcap) for a row of a tile.
HWY_INLINE void CapScores(float softcap, std::int64_t width, float* scores) {
  const hn::CappedTag<float, 16> d;
  const std::int64_t lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const auto cap = hn::Set(d, softcap);
  for (std::int64_t j = 0; j < width; j += lanes)
    hn::Store(hn::Mul(cap, Tanh(d, hn::Div(hn::Load(d, scores + j), cap))), d, scores + j);
}

}  // namespace HWY_NAMESPACE
}  // namespace linnet::cpu
HWY_AFTER_NAMESPACE();
#endif
