#include "linnet/backend/cpu/targets.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "linnet/backend/cpu/attention.cpp"
#include "hwy/foreach_target.h"
// After foreach_target.h: everything below is compiled once per target.
#include <cmath>
#include <limits>

#include "hwy/highway.h"
#include "linnet/backend/cpu/attention_tile-inl.h"
#include "linnet/backend/cpu/gemm_plain.h"

HWY_BEFORE_NAMESPACE();
namespace linnet::cpu {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Query rows from `first` on of heads that share keys. Row r of the tile is query r % count of head r / count.
struct QueryTile {
  std::int64_t kv_head, head, heads, first, count;
  std::int64_t first_key;  // of the first tile of keys that it sees
  std::int64_t rows() const { return heads * count; }
  std::int64_t head_of(std::int64_t row) const { return head + row / count; }
  std::int64_t query_of(std::int64_t row) const { return first + row % count; }
};

// Rows of a tile that are multiplied together: of one head or of one query, `out_stride` apart.
struct RowBlock {
  std::int64_t row;
  int rows;
  const float* q;
  std::int64_t q_stride;
  float* out;
  std::int64_t out_stride;
};

template <class Body>
HWY_INLINE void ForBlocks(const AttentionArgs& a, const AttentionSequence& s, const QueryTile& t, Body&& body) {
  const bool one_query = t.count == 1;
  const std::int64_t run = one_query ? t.heads : t.count;
  for (std::int64_t begin = 0; begin < t.rows(); begin += run)
    for (std::int64_t i = 0; i < run; i += kTileRows) {
      const std::int64_t row = begin + i, query = s.q_begin + t.query_of(row), head = t.head_of(row);
      body(RowBlock{row, static_cast<int>(std::min<std::int64_t>(kTileRows, run - i)),
                    a.q + query * a.q_stride + head * a.q_head_stride, one_query ? a.q_head_stride : a.q_stride,
                    a.out + query * a.out_stride + head * a.head_dim, one_query ? a.head_dim : a.out_stride});
    }
}

// Converts the scores of one row, of which those in `seen` count, to unnormalised probabilities; updates the running
// maximum and sum. Returns the factor that rescales the row's earlier sum and output.
HWY_INLINE float OnlineSoftmax(float* scores, const KeyRange& seen, std::int64_t width, float* maximum, float* sum) {
  const hn::CappedTag<float, 16> d;
  const std::int64_t lanes = static_cast<std::int64_t>(hn::Lanes(d));
  constexpr float kNone = -std::numeric_limits<float>::infinity();
  std::fill(scores, scores + std::min(seen.begin, width), kNone);
  std::fill(scores + seen.end, scores + width, kNone);
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

struct TileState {
  float *queries, *transposed, *copy, *scores, *maximum, *sum;
};

// Scaled queries of a block of rows [d][rows] in f32, and one tile of keys [d][stride] and values in rows.
class FloatTile {
 public:
  FloatTile(const AttentionArgs& a, const Columns& keys, const KeyTile& values) : a_(a), keys_(keys), values_(values) {}
  std::int64_t count() const { return keys_.count; }

  static std::int64_t QueryValues(const AttentionArgs& a, int rows) { return rows * a.head_dim; }
  static void PackQueries(const AttentionArgs& a, const RowBlock& block, float* to) {
    PackRows(block.q, block.q_stride, block.rows, a.head_dim, to, block.rows);
    ScaleRow(to, block.rows * a.head_dim, a.scale);
  }
  void Score(const float* queries, int rows, float* scores) const {
    ScoreBlock(queries, rows, keys_, a_.head_dim, scores);
  }
  // out = or += probabilities x values
  void AddValues(const float* probabilities, const RowBlock& block, TileInit init) const {
    for (std::int64_t n = 0; n < a_.head_dim; n += kTileColumns)
      TileOf<kKeys>(block.rows, probabilities, 1, values_.data + n, values_.stride, values_.count,
                    {block.out + n, block.out_stride, nullptr,
                     static_cast<int>(std::min<std::int64_t>(kTileColumns, a_.head_dim - n)), init});
  }

 private:
  const AttentionArgs& a_;
  Columns keys_;
  KeyTile values_;
};

// The same with everything rounded to bf16 and sums in f32: a block of the cache is multiplied in place.
class PairTile {
 public:
  PairTile(const AttentionArgs& a, const AttentionSequence& s, std::int64_t kv_head, std::int64_t first)
      : a_(a),
        keys_(CachedHead<std::uint16_t>(a, s.k_blocks, kv_head, first)),
        values_(CachedHead<std::uint16_t>(a, s.v_blocks, kv_head, first)),
        count_(std::min(kKeys, s.kv_len - first)) {}
  // Vectors of the kernel do not read past a row of values.
  static bool Takes(const AttentionArgs& a, const AttentionSequence& s) {
    return s.k_blocks != nullptr && a.kv_type == DType::kBF16 && bf16_kernel() != nullptr && a.head_dim % kPanel == 0;
  }
  std::int64_t count() const { return count_; }

  static std::int64_t QueryValues(const AttentionArgs& a, int) { return bf16_kernel()->rows * a.head_dim / 2; }
  static void PackQueries(const AttentionArgs& a, const RowBlock& block, float* to) {
    Pack(block.q, block.q_stride, block.rows, a.head_dim, to);
  }
  void Score(const float* queries, int rows, float* scores) const {
    const std::int64_t columns = rounded_up(count_, kPanel);
    Multiply({queries, rows, keys_, kKeys, a_.head_dim, columns, scores, kKeys, nullptr, TileInit::kZero});
    for (int r = 0; r < rows; ++r) ScaleRow(scores + r * kKeys, columns, a_.scale);
  }
  void AddValues(const float* probabilities, const RowBlock& block, TileInit init) const {
    alignas(64) float pairs[kMostRows * kKeys / 2];
    Pack(probabilities, kKeys, block.rows, count_, pairs);
    Multiply(
        {pairs, block.rows, values_, a_.head_dim, count_, a_.head_dim, block.out, block.out_stride, nullptr, init});
  }
  // Prefetches the tile from key `next` on, if there is one: few rows take less time than the hardware to read ahead.
  void Prefetch(const AttentionSequence& s, std::int64_t kv_head, std::int64_t next) const {
    if (next >= s.kv_len) return;
    const auto* const keys = CachedHead<std::uint16_t>(a_, s.k_blocks, kv_head, next);
    const auto* const values = CachedHead<std::uint16_t>(a_, s.v_blocks, kv_head, next);
    for (std::int64_t i = 0; i < kKeys * a_.head_dim; i += 32) {
      __builtin_prefetch(keys + i, 0, 2);
      __builtin_prefetch(values + i, 0, 2);
    }
  }

 private:
  static constexpr std::int64_t kMostRows = 16;
  // All columns; two panels at a time for few rows, whose sums wait for each other.
  static void Multiply(PlainTile tile) {
    const bool few = tile.rows <= bf16_kernel()->rows / 2;
    const auto* const panel = static_cast<const std::uint32_t*>(tile.panel);
    float* const c = tile.c;
    for (std::int64_t n = 0, all = tile.columns; n < all; n += tile.columns) {
      tile.panel = panel + n;
      tile.c = c + n;
      tile.columns = few && all - n > kPanel ? 2 * kPanel : kPanel;
      (tile.columns > kPanel ? bf16_kernel()->multiply_wide : bf16_kernel()->multiply)(tile);
    }
  }
  static void Pack(const float* from, std::int64_t stride, int rows, std::int64_t depth, float* to) {
    const std::int64_t width = bf16_kernel()->rows;
    bf16_kernel()->pack({from, stride, true, rows, static_cast<int>(width), depth, depth * width}, to);
  }

  const AttentionArgs& a_;
  const std::uint16_t *keys_, *values_;
  std::int64_t count_;
};

// Attention of one block of rows to one tile of keys, from `first` on.
template <class Tile>
HWY_INLINE void AttendBlock(const AttentionArgs& a, const AttentionSequence& s, const QueryTile& t,
                            const RowBlock& block, std::int64_t first, const Tile& tile, const float* queries,
                            const TileState& state) {
  const std::int64_t width = PadColumns(tile.count());
  tile.Score(queries, block.rows, state.scores);
  for (int r = 0; r < block.rows; ++r) {
    float* const scores = state.scores + r * kKeys;
    const std::int64_t row = block.row + r, query = t.query_of(row), head = t.head_of(row);
    if (a.softcap > 0.0F) CapScores(a.softcap, width, scores);
    AddBias(RowOf(a, s, head, query, first), tile.count(), scores);
    const float factor =
        OnlineSoftmax(scores, InTile(SeenKeys(a, s, query, query), first), width, state.maximum + row, state.sum + row);
    if (first > t.first_key && factor != 1.0F) ScaleRow(block.out + r * block.out_stride, a.head_dim, factor);
    if (a.dropout > 0.0F) {
      float factors[kKeys];
      dropout_factors(a, s.q_begin + query, head, first, tile.count(), factors);
      for (std::int64_t j = 0; j < tile.count(); ++j) scores[j] *= factors[j];
    }
  }
  tile.AddValues(state.scores, block, first == t.first_key ? TileInit::kZero : TileInit::kAdd);
}

template <class Tile>
HWY_INLINE void PackQueries(const AttentionArgs& a, const AttentionSequence& s, const QueryTile& t, float* to) {
  ForBlocks(a, s, t, [&](const RowBlock& block) HWY_ATTR {
    Tile::PackQueries(a, block, to);
    to += Tile::QueryValues(a, block.rows);
  });
}

template <class Tile>
HWY_INLINE void AttendKeys(const AttentionArgs& a, const AttentionSequence& s, const QueryTile& t, std::int64_t first,
                           const Tile& tile, const TileState& state) {
  const float* queries = state.queries;
  ForBlocks(a, s, t, [&](const RowBlock& block) HWY_ATTR {
    AttendBlock(a, s, t, block, first, tile, queries, state);
    queries += Tile::QueryValues(a, block.rows);
  });
}

FloatTile LoadFloats(const AttentionArgs& a, const AttentionSequence& s, std::int64_t kv_head, std::int64_t first,
                     const TileState& state) {
  const std::int64_t count = std::min(kKeys, s.kv_len - first);
  if (s.k_blocks == nullptr) {
    const KeyTile keys = LoadTile(a, s, false, kv_head, first, false, state.copy);
    TransposeTile(keys, a.head_dim, state.transposed);
    return {a, {state.transposed, kKeys, count}, LoadTile(a, s, true, kv_head, first, true, state.copy)};
  }
  if (a.kv_type == DType::kF32)
    return {a,
            {CachedHead<float>(a, s.k_blocks, kv_head, first), kKeys, count},
            LoadTile(a, s, true, kv_head, first, true, state.copy)};
  WidenKeys(CachedHead<std::uint16_t>(a, s.k_blocks, kv_head, first), a.head_dim, state.transposed);
  WidenValues(CachedHead<std::uint16_t>(a, s.v_blocks, kv_head, first), a.head_dim, count, state.copy);
  return {a, {state.transposed, kKeys, count}, {state.copy, PadColumns(a.head_dim), count}};
}

// Divides one row by its sum and stores the log of the sum.
HWY_INLINE void FinishRow(const AttentionArgs& a, std::int64_t row, std::int64_t head, float maximum, float sum) {
  float* const out = a.out + row * a.out_stride + head * a.head_dim;
  ScaleRow(out, a.head_dim, sum > 0.0F ? 1.0F / sum : 0.0F);
  if (a.log_sum != nullptr) a.log_sum[row * a.heads + head] = maximum + std::log(sum);
}

void AttendTile(const AttentionArgs& a, const AttentionSequence& s, std::int64_t head, std::int64_t heads,
                std::int64_t first, std::int64_t count) {
  const KeyRange seen = SeenKeys(a, s, first, first + count - 1);
  const QueryTile t{head / (a.heads / a.kv_heads), head, heads, first, count, seen.begin / kKeys * kKeys};
  const std::int64_t rows = t.rows(), d = a.head_dim;
  TileState state;
  state.queries = scratch<ScratchFor::kQueries>((rows + kTileRows * heads) * d);  // blocks that are not full
  state.transposed = scratch<ScratchFor::kKeys>(d * kKeys);
  state.copy = scratch<ScratchFor::kValues>(kKeys * PadColumns(d));
  state.scores = scratch<ScratchFor::kScores>(kTileRows * kKeys + 2 * rows);
  state.maximum = state.scores + kTileRows * kKeys;
  state.sum = state.maximum + rows;
  std::fill_n(state.maximum, rows, -std::numeric_limits<float>::infinity());
  std::fill_n(state.sum, rows, 0.0F);
  if (PairTile::Takes(a, s)) {
    PackQueries<PairTile>(a, s, t, state.queries);
    for (std::int64_t key = t.first_key; key < seen.end; key += kKeys) {
      const PairTile tile(a, s, t.kv_head, key);
      if (rows <= kTileRows) tile.Prefetch(s, t.kv_head, key + kKeys);
      AttendKeys(a, s, t, key, tile, state);
    }
  } else {
    PackQueries<FloatTile>(a, s, t, state.queries);
    for (std::int64_t key = t.first_key; key < seen.end; key += kKeys)
      AttendKeys(a, s, t, key, LoadFloats(a, s, t.kv_head, key, state), state);
  }
  for (std::int64_t r = 0; r < rows; ++r)
    FinishRow(a, s.q_begin + t.query_of(r), t.head_of(r), state.maximum[r], state.sum[r]);
}

}  // namespace HWY_NAMESPACE
}  // namespace linnet::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "linnet/backend/cpu/random.h"
#include "linnet/base/parallel.h"

namespace linnet::cpu {
HWY_EXPORT(AttendTile);
namespace {

constexpr std::int64_t kTileQueries = 96;  // query rows of a tile, over the heads of a group
constexpr std::int64_t kSerialWork = 1 << 16;
constexpr std::int64_t kTasksAThread = 4;  // fewer tasks would be unbalanced

// The split of a sequence's rows into tasks. A row's sums do not depend on it.
struct Plan {
  std::int64_t heads, tile;  // heads and queries per task
  std::int64_t tiles(const AttentionSequence& s) const { return (s.q_len + tile - 1) / tile; }
  std::int64_t tasks(const AttentionArgs& a, const AttentionSequence& s) const { return tiles(s) * (a.heads / heads); }
};

Plan plan_of(const AttentionArgs& a) {
  const std::int64_t group = a.heads / a.kv_heads;
  const Plan groups{group, std::max<std::int64_t>(12, kTileQueries / group / 12 * 12)};
  std::int64_t tasks = 0;
  for (std::int64_t i = 0; i < a.sequence_count; ++i) tasks += groups.tasks(a, a.sequences[i]);
  // A block of few rows takes as long as one of a single row, so the heads of one query stay together.
  const auto one_query = [](const AttentionSequence& s) { return s.q_len <= 1; };
  const bool decodes = std::all_of(a.sequences, a.sequences + a.sequence_count, one_query);
  return tasks < kTasksAThread * threads() && !decodes ? Plan{1, groups.tile} : groups;
}

void run_task(const AttentionArgs& a, const AttentionSequence& s, const Plan& plan, std::int64_t task) {
  const std::int64_t tiles = plan.tiles(s), first = task % tiles * plan.tile;
  HWY_DYNAMIC_DISPATCH(AttendTile)
  (a, s, task / tiles * plan.heads, plan.heads, first, std::min(plan.tile, s.q_len - first));
}

}  // namespace

void dropout_factors(const AttentionArgs& a, std::int64_t row, std::int64_t head, std::int64_t first,
                     std::int64_t count, float* factors) {
  const auto start = (static_cast<std::uint64_t>(row * a.heads + head) << 20) + static_cast<std::uint64_t>(first);
  dropout_factors(a.dropout_key, a.dropout, start, count, factors);  // tiles start at multiples of four
}

void attention(const AttentionArgs& a) {
  const Plan plan = plan_of(a);
  std::int64_t work = 0;
  for (std::int64_t i = 0; i < a.sequence_count; ++i)
    work += a.sequences[i].q_len * a.sequences[i].kv_len * a.heads * a.head_dim;
  // Tasks are assigned to threads round-robin: cost grows along a causal sequence, neighbours are similar.
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
