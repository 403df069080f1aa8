#include "linnet/backend/cpu/targets.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "linnet/backend/cpu/attention.cpp"
#include "hwy/foreach_target.h"
// After foreach_target.h: everything below is compiled once a target.
#include <cmath>
#include <limits>

#include "hwy/highway.h"
#include "linnet/backend/cpu/attention_tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace linnet::cpu {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Query rows of one group of heads (those that share keys): rows of head g stand at g * count.
struct QueryTile {
  std::int64_t kv_head, group, first, count;
};

// One row of a tile: scores to unnormalised probabilities, the running maximum and sum. Returns what the row's earlier
// sum and output are to be multiplied by.
HWY_INLINE float OnlineSoftmax(float* scores, std::int64_t keys, std::int64_t width, float* maximum, float* sum) {
  const hn::CappedTag<float, 16> d;
  const std::int64_t lanes = static_cast<std::int64_t>(hn::Lanes(d));
  constexpr float kNone = -std::numeric_limits<float>::infinity();
  std::fill(scores + keys, scores + width, kNone);
  auto most = hn::Set(d, *maximum);
  for (std::int64_t j = 0; j < width; j += lanes) most = hn::Max(most, hn::Load(d, scores + j));
  const float top = hn::GetLane(hn::MaxOfLanes(d, most));
  if (top == kNone) {
    std::fill(scores, scores + width, 0.0F);
    return 1.0F;
  }
  const auto shift = hn::Set(d, top);
  auto total = hn::Zero(d);
  for (std::int64_t j = 0; j < width; j += lanes) {
    const auto p = Exp(d, hn::Sub(hn::Load(d, scores + j), shift));
    hn::Store(p, d, scores + j);
    total = hn::Add(total, p);
  }
  const float factor = *maximum == top ? 1.0F : std::exp(*maximum - top);
  *sum = *sum * factor + hn::GetLane(hn::SumOfLanes(d, total));
  *maximum = top;
  return factor;
}

HWY_INLINE void ScaleRow(float* row, std::int64_t n, float factor) {
  const hn::CappedTag<float, 16> d;
  const std::int64_t lanes = static_cast<std::int64_t>(hn::Lanes(d));
  std::int64_t i = 0;
  for (; i + lanes <= n; i += lanes) hn::StoreU(hn::Mul(hn::LoadU(d, row + i), hn::Set(d, factor)), d, row + i);
  for (; i < n; ++i) row[i] *= factor;
}

// Packs the queries, scaled, as blocks [d][rows] of at most kTileRows rows of one head.
void PackQueries(const AttentionArgs& a, const AttentionSequence& s, const QueryTile& t, float* to) {
  const std::int64_t d = a.head_dim;
  for (std::int64_t g = 0; g < t.group; ++g)
    for (std::int64_t i = 0; i < t.count; i += kTileRows) {
      const int rows = static_cast<int>(std::min<std::int64_t>(kTileRows, t.count - i));
      const float* const from =
          a.q + (s.q_begin + t.first + i) * a.q_stride + (t.kv_head * t.group + g) * a.q_head_stride;
      PackRows(from, a.q_stride, rows, d, to, rows);
      ScaleRow(to, rows * d, a.scale);
      to += rows * d;
    }
}

struct TileState {
  float *queries, *transposed, *copy, *scores, *maximum, *sum;
};

// One tile of keys for every row of the query tile.
void AttendKeys(const AttentionArgs& a, const AttentionSequence& s, const QueryTile& t, std::int64_t first,
                const TileState& state) {
  const std::int64_t d = a.head_dim;
  const KeyTile keys = LoadTile(a, s, false, t.kv_head, first, false, state.copy);
  TransposeTile(keys, d, state.transposed);
  const KeyTile values = LoadTile(a, s, true, t.kv_head, first, true, state.copy);
  const std::int64_t width = PadColumns(keys.count);
  const float* queries = state.queries;
  for (std::int64_t g = 0; g < t.group; ++g) {
    const std::int64_t head = t.kv_head * t.group + g;
    for (std::int64_t i = 0; i < t.count; i += kTileRows) {
      const int rows = static_cast<int>(std::min<std::int64_t>(kTileRows, t.count - i));
      float* const out = a.out + (s.q_begin + t.first + i) * a.out_stride + head * d;
      ScoreBlock(queries, rows, state.transposed, d, keys.count, state.scores);
      queries += rows * d;
      for (int r = 0; r < rows; ++r) {
        float* const scores = state.scores + r * kKeys;
        const std::int64_t query = t.first + i + r, row = g * t.count + i + r;
        AddBias(RowOf(a, s, head, query, first), keys.count, scores);
        const float factor =
            OnlineSoftmax(scores, VisibleKeys(a, s, query, first), width, state.maximum + row, state.sum + row);
        if (first > 0 && factor != 1.0F) ScaleRow(out + r * a.out_stride, d, factor);
        if (a.dropout > 0.0F) {
          float factors[kKeys];
          dropout_factors(a, s.q_begin + query, head, first, keys.count, factors);
          for (std::int64_t j = 0; j < keys.count; ++j) scores[j] *= factors[j];
        }
      }
      for (std::int64_t n = 0; n < d; n += kTileColumns)
        TileOf<kKeys>(rows, state.scores, 1, values.rows + n, values.stride, keys.count,
                      {out + n, a.out_stride, nullptr, static_cast<int>(std::min<std::int64_t>(kTileColumns, d - n)),
                       first == 0 ? TileInit::kZero : TileInit::kAdd});
    }
  }
}

// log of the sum and the division by it, for one row.
HWY_INLINE void FinishRow(const AttentionArgs& a, std::int64_t row, std::int64_t head, float maximum, float sum) {
  float* const out = a.out + row * a.out_stride + head * a.head_dim;
  ScaleRow(out, a.head_dim, sum > 0.0F ? 1.0F / sum : 0.0F);
  if (a.log_sum != nullptr) a.log_sum[row * a.heads + head] = maximum + std::log(sum);
}

void AttendTile(const AttentionArgs& a, const AttentionSequence& s, std::int64_t kv_head, std::int64_t first,
                std::int64_t count) {
  const QueryTile t{kv_head, a.heads / a.kv_heads, first, count};
  const std::int64_t rows = t.group * count, d = a.head_dim;
  TileState state;
  state.queries = scratch<ScratchFor::kQueries>(rows * d);
  state.transposed = scratch<ScratchFor::kKeys>(d * kKeys);
  state.copy = scratch<ScratchFor::kValues>(kKeys * PadColumns(d));
  state.scores = scratch<ScratchFor::kScores>(kTileRows * kKeys + 2 * rows);
  state.maximum = state.scores + kTileRows * kKeys;
  state.sum = state.maximum + rows;
  std::fill_n(state.maximum, rows, -std::numeric_limits<float>::infinity());
  std::fill_n(state.sum, rows, 0.0F);
  PackQueries(a, s, t, state.queries);
  const std::int64_t last = a.causal ? std::min(s.kv_len, s.kv_len - s.q_len + first + count) : s.kv_len;
  for (std::int64_t key = 0; key < last; key += kKeys) AttendKeys(a, s, t, key, state);
  for (std::int64_t r = 0; r < rows; ++r)
    FinishRow(a, s.q_begin + first + r % count, kv_head * t.group + r / count, state.maximum[r], state.sum[r]);
}

HWY_INLINE float ValueOf(float value) { return value; }
HWY_INLINE float ValueOf(std::uint16_t value) {
  const std::uint32_t bits = std::uint32_t{value} << 16;
  float result;
  std::memcpy(&result, &bits, 4);
  return result;
}

template <class T>
HWY_INLINE void DotKeys(const float* q, float scale, const T* keys, std::int64_t stride, std::int64_t count,
                        std::int64_t d, float* scores) {
  const hn::CappedTag<float, 16> df;
  const std::int64_t lanes = static_cast<std::int64_t>(hn::Lanes(df));
  for (std::int64_t j = 0; j < count; ++j) {
    const T* const key = keys + j * stride;
    auto sum = hn::Zero(df);
    std::int64_t i = 0;
    for (; i + lanes <= d; i += lanes) sum = hn::MulAdd(hn::LoadU(df, q + i), LoadAs(df, key + i), sum);
    float total = hn::GetLane(hn::SumOfLanes(df, sum));
    for (; i < d; ++i) total += q[i] * ValueOf(key[i]);
    scores[j] = total * scale;
  }
}

template <class T>
HWY_INLINE void AddValues(const float* p, const T* values, std::int64_t stride, std::int64_t count, std::int64_t d,
                          float* out) {
  const hn::CappedTag<float, 16> df;
  const std::int64_t lanes = static_cast<std::int64_t>(hn::Lanes(df));
  std::int64_t i = 0;
  for (; i + 2 * lanes <= d; i += 2 * lanes) {
    auto a = hn::LoadU(df, out + i), b = hn::LoadU(df, out + i + lanes);
    for (std::int64_t j = 0; j < count; ++j) {
      const auto weight = hn::Set(df, p[j]);
      a = hn::MulAdd(weight, LoadAs(df, values + j * stride + i), a);
      b = hn::MulAdd(weight, LoadAs(df, values + j * stride + i + lanes), b);
    }
    hn::StoreU(a, df, out + i);
    hn::StoreU(b, df, out + i + lanes);
  }
  for (; i < d; ++i)
    for (std::int64_t j = 0; j < count; ++j) out[i] += p[j] * ValueOf(values[j * stride + i]);
}

// One row of one head: decoding, where transposing the keys would not pay.
void AttendRow(const AttentionArgs& a, const AttentionSequence& s, std::int64_t head, std::int64_t query) {
  const std::int64_t kv_head = head / (a.heads / a.kv_heads), row = s.q_begin + query, d = a.head_dim;
  const float* const q = a.q + row * a.q_stride + head * a.q_head_stride;
  float* const out = a.out + row * a.out_stride + head * d;
  std::fill_n(out, d, 0.0F);
  float maximum = -std::numeric_limits<float>::infinity(), sum = 0.0F;
  HWY_ALIGN float scores[kKeys];
  const std::int64_t last = a.causal ? std::min(s.kv_len, s.kv_len - s.q_len + query + 1) : s.kv_len;
  const bool narrow = s.k_blocks != nullptr && a.kv_type == DType::kBF16;
  for (std::int64_t first = 0; first < last; first += kKeys) {
    const std::int64_t count = std::min(kKeys, last - first);
    const std::uint16_t *k16 = nullptr, *v16 = nullptr;
    KeyTile keys{}, values{};
    if (narrow) {
      k16 = static_cast<const std::uint16_t*>(s.k_blocks[first / kKvBlock]) + kv_head * kKvBlock * d;
      v16 = static_cast<const std::uint16_t*>(s.v_blocks[first / kKvBlock]) + kv_head * kKvBlock * d;
      DotKeys(q, a.scale, k16, d, count, d, scores);
    } else {
      keys = LoadTile(a, s, false, kv_head, first, false, nullptr);
      values = LoadTile(a, s, true, kv_head, first, false, nullptr);
      DotKeys(q, a.scale, keys.rows, keys.stride, count, d, scores);
    }
    AddBias(RowOf(a, s, head, query, first), count, scores);
    const float factor = OnlineSoftmax(scores, count, (count + 15) / 16 * 16, &maximum, &sum);
    if (first > 0 && factor != 1.0F) ScaleRow(out, d, factor);
    if (a.dropout > 0.0F) {
      float factors[kKeys];
      dropout_factors(a, row, head, first, count, factors);
      for (std::int64_t j = 0; j < count; ++j) scores[j] *= factors[j];
    }
    if (narrow)
      AddValues(scores, v16, d, count, d, out);
    else
      AddValues(scores, values.rows, values.stride, count, d, out);
  }
  FinishRow(a, row, head, maximum, sum);
}

}  // namespace HWY_NAMESPACE
}  // namespace linnet::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "linnet/backend/cpu/random.h"
#include "linnet/base/parallel.h"

namespace linnet::cpu {
HWY_EXPORT(AttendTile);
HWY_EXPORT(AttendRow);
namespace {

constexpr std::int64_t kTileQueries = 96;  // query rows of a tile, over the heads of a group
constexpr std::int64_t kFewRows = 12;      // fewer are done one by one
constexpr std::int64_t kSerialWork = 1 << 16;

struct Plan {
  std::int64_t group, tile;  // heads a group; queries a tile
  bool by_row(const AttentionSequence& s) const { return s.q_len * group < kFewRows; }
  std::int64_t tasks(const AttentionArgs& a, const AttentionSequence& s) const {
    return by_row(s) ? s.q_len * a.heads : (s.q_len + tile - 1) / tile * a.kv_heads;
  }
};

void run_task(const AttentionArgs& a, const AttentionSequence& s, const Plan& plan, std::int64_t task) {
  if (plan.by_row(s)) return HWY_DYNAMIC_DISPATCH(AttendRow)(a, s, task % a.heads, task / a.heads);
  const std::int64_t tiles = (s.q_len + plan.tile - 1) / plan.tile, first = task % tiles * plan.tile;
  HWY_DYNAMIC_DISPATCH(AttendTile)(a, s, task / tiles, first, std::min(plan.tile, s.q_len - first));
}

}  // namespace

void dropout_factors(const AttentionArgs& a, std::int64_t row, std::int64_t head, std::int64_t first,
                     std::int64_t count, float* factors) {
  const auto start = (static_cast<std::uint64_t>(row * a.heads + head) << 20) + static_cast<std::uint64_t>(first);
  dropout_factors(a.dropout_key, a.dropout, start, count, factors);  // tiles begin at multiples of four
}

void attention(const AttentionArgs& a) {
  const std::int64_t group = a.heads / a.kv_heads;
  const Plan plan{group, std::max<std::int64_t>(12, kTileQueries / group / 12 * 12)};
  std::int64_t work = 0;
  for (std::int64_t i = 0; i < a.sequence_count; ++i)
    work += a.sequences[i].q_len * a.sequences[i].kv_len * a.heads * a.head_dim;
  // Tasks go round the threads: neighbours cost alike, the tiles of a causal sequence ever more.
  const auto run = [&](int thread, int count) {
    std::int64_t index = 0;
    for (std::int64_t i = 0; i < a.sequence_count; ++i) {
      const AttentionSequence& s = a.sequences[i];
      const std::int64_t tasks = plan.tasks(a, s);
      for (std::int64_t task = (thread - index % count + count) % count; task < tasks; task += count)
        run_task(a, s, plan, task);
      index += tasks;
    }
  };
  if (work < kSerialWork)
    run(0, 1);
  else
    parallel_region(run);
}

}  // namespace linnet::cpu
#endif
