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

// Converts `rows` rows of f32 or bf16 to f32 rows `to_stride` apart, padded with zeros.
HWY_INLINE void CopyRows(const void* from, DType type, std::int64_t stride, std::int64_t rows, std::int64_t columns,
                         float* to, std::int64_t to_stride) {
  for (std::int64_t r = 0; r < rows; ++r, to += to_stride) {
    if (type == DType::kBF16) {
      const auto* const row = static_cast<const std::uint16_t*>(from) + r * stride;
      ForEach(0, columns, [&](auto d, std::int64_t i) HWY_ATTR { hn::StoreU(LoadAs(d, row + i), d, to + i); });
    } else {
      std::memcpy(to, static_cast<const float*>(from) + r * stride, static_cast<std::size_t>(columns) * sizeof(float));
    }
    std::fill(to + columns, to + to_stride, 0.0F);
  }
}

// Columns for the register tile, rows `stride` apart; vectors may read whole column tiles.
template <class T>
struct Columns {
  const T* data;
  std::int64_t stride, count;  // count: number of keys
};
using KeyTile = Columns<float>;  // as rows [count][stride]

template <class T>
HWY_INLINE const T* CachedHead(const AttentionArgs& a, const void* const* blocks, std::int64_t kv_head,
                               std::int64_t first) {
  return static_cast<const T*>(blocks[first / kKeys]) + kv_head * kKeys * a.head_dim;
}
// Keys of a cache block from `first` on, [head_dim][64]; values past the last key are ignored.
template <class T>
HWY_INLINE Columns<T> CachedKeys(const AttentionArgs& a, const AttentionSequence& s, std::int64_t kv_head,
                                 std::int64_t first) {
  return {CachedHead<T>(a, s.k_blocks, kv_head, first), kKeys, std::min(kKeys, s.kv_len - first)};
}
template <class T>
HWY_INLINE Columns<T> CachedValues(const AttentionArgs& a, const AttentionSequence& s, std::int64_t kv_head,
                                   std::int64_t first) {
  return {CachedHead<T>(a, s.v_blocks, kv_head, first), a.head_dim, std::min(kKeys, s.kv_len - first)};
}

// Dense keys or values first … first + 64 of a sequence as rows; `copy` holds 64 padded rows if they cannot be read in
// place.
HWY_INLINE KeyTile LoadTile(const AttentionArgs& a, const AttentionSequence& s, bool values, std::int64_t kv_head,
                            std::int64_t first, bool padded, float* copy) {
  const std::int64_t count = std::min(kKeys, s.kv_len - first), d = a.head_dim, width = PadColumns(d);
  const void* from = nullptr;
  DType type = DType::kF32;
  std::int64_t stride = d;
  if (s.v_blocks != nullptr) {
    type = a.kv_type;
    from = static_cast<const std::byte*>(s.v_blocks[first / kKvBlock]) + row_bytes(type, kv_head * kKvBlock * d);
  } else {
    stride = values ? a.v_stride : a.k_stride;
    from = values ? a.v + (s.kv_begin + first) * stride + kv_head * a.v_head_stride
                  : a.k + (s.kv_begin + first) * stride + kv_head * a.k_head_stride;
  }
  if (type == DType::kF32 && (!padded || width == d)) return {static_cast<const float*>(from), stride, count};
  CopyRows(from, type, stride, count, d, copy, width);
  return {copy, width, count};
}

// The tile's transpose [d][64], zero past `count` up to a whole column tile.
HWY_INLINE void TransposeTile(const KeyTile& tile, std::int64_t d, float* to) {
  const std::int64_t width = PadColumns(tile.count);
  PackRows(tile.data, tile.stride, static_cast<int>(tile.count), d, to, kKeys);
  for (std::int64_t i = 0; i < d && tile.count < width; ++i)
    std::fill(to + i * kKeys + tile.count, to + i * kKeys + width, 0.0F);
}

// scores[rows][64] = A B for A packed [d][rows] and B keys as columns [d][stride].
template <class T>
HWY_INLINE void ScoreBlock(const float* a, int rows, const Columns<T>& keys, std::int64_t d, float* scores) {
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
