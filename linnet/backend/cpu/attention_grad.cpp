#include "linnet/backend/cpu/targets.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "linnet/backend/cpu/attention_grad.cpp"
#include "hwy/foreach_target.h"
// After foreach_target.h: everything below is compiled once per target.
#include <limits>

#include "hwy/highway.h"
#include "linnet/backend/cpu/attention_tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace linnet::cpu {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// The query rows of one group of heads of a sequence, in blocks of at most kTileRows rows of one head. Probabilities
// are recomputed from the scores and the saved log of their sum; D is the row sum of dout * out.
struct GradState {
  float *queries, *dout_packed;   // blocks [d][rows]
  float *query_rows, *dout_rows;  // [row][width]: the other operand of dK and dV
  float* delta;                   // D [row]
  float *transposed_k, *transposed_v, *key_rows;
  float *p, *ds;       // [rows of a block][64]
  float *dk, *dv;      // [64][width]
  std::int64_t width;  // row width: head_dim, padded
};

HWY_INLINE float Dot(const float* a, const float* b, std::int64_t n) {
  const hn::CappedTag<float, 16> d;
  const std::int64_t lanes = static_cast<std::int64_t>(hn::Lanes(d));
  auto sum = hn::Zero(d);
  std::int64_t i = 0;
  for (; i + lanes <= n; i += lanes) sum = hn::MulAdd(hn::LoadU(d, a + i), hn::LoadU(d, b + i), sum);
  float total = hn::GetLane(hn::SumOfLanes(d, sum));
  for (; i < n; ++i) total += a[i] * b[i];
  return total;
}

void PrepareRows(const AttentionGradArgs& g, const AttentionSequence& s, std::int64_t head, std::int64_t at,
                 const GradState& w) {
  const AttentionArgs& a = g.forward;
  const std::int64_t d = a.head_dim;
  const float* const q = a.q + s.q_begin * a.q_stride + head * a.q_head_stride;
  const float* const dout = g.dout + s.q_begin * a.out_stride + head * d;
  const float* const out = a.out + s.q_begin * a.out_stride + head * d;
  CopyRows(q, a.q_stride, s.q_len, d, w.query_rows + at * w.width, w.width);
  CopyRows(dout, a.out_stride, s.q_len, d, w.dout_rows + at * w.width, w.width);
  for (std::int64_t i = 0; i < s.q_len; ++i) w.delta[at + i] = Dot(dout + i * a.out_stride, out + i * a.out_stride, d);
  for (std::int64_t i = 0; i < s.q_len; i += kTileRows) {
    const int rows = static_cast<int>(std::min<std::int64_t>(kTileRows, s.q_len - i));
    PackRows(q + i * a.q_stride, a.q_stride, rows, d, w.queries + (at + i) * d, rows);
    PackRows(dout + i * a.out_stride, a.out_stride, rows, d, w.dout_packed + (at + i) * d, rows);
  }
}

// Converts one row of scores to probabilities and of dP to dS; `p` ends as the factor of dV (after dropout).
HWY_INLINE void RowGradient(const AttentionArgs& a, const KeyRange& seen, std::int64_t width, float log_sum,
                            float delta, const float* factors, float* p, float* ds) {
  const hn::CappedTag<float, 16> d;
  const std::int64_t lanes = static_cast<std::int64_t>(hn::Lanes(d));
  std::fill(p, p + std::min(seen.begin, width), -std::numeric_limits<float>::infinity());
  std::fill(p + seen.end, p + width, -std::numeric_limits<float>::infinity());
  const auto shift = hn::Set(d, log_sum), minus = hn::Set(d, delta), scale = hn::Set(d, a.scale);
  for (std::int64_t j = 0; j < width; j += lanes) {
    const auto probability = Exp(d, hn::Sub(hn::Load(d, p + j), shift));
    auto dp = hn::Load(d, ds + j);
    auto kept = probability;
    if (factors != nullptr) {
      const auto factor = hn::Load(d, factors + j);
      dp = hn::Mul(dp, factor);
      kept = hn::Mul(probability, factor);
    }
    hn::Store(kept, d, p + j);
    hn::Store(hn::Mul(hn::Mul(probability, hn::Sub(dp, minus)), scale), d, ds + j);
  }
}

// Multiplies gradients of capped scores by the slope of the cap.
HWY_INLINE void UncapGradient(float softcap, std::int64_t width, const float* capped, float* ds) {
  const hn::CappedTag<float, 16> d;
  const std::int64_t lanes = static_cast<std::int64_t>(hn::Lanes(d));
  for (std::int64_t j = 0; j < width; j += lanes) {
    const auto part = hn::Div(hn::Load(d, capped + j), hn::Set(d, softcap)),
               slope = hn::NegMulAdd(part, part, hn::Set(d, 1.0F));
    hn::Store(hn::Mul(hn::Load(d, ds + j), slope), d, ds + j);
  }
}

// out[64][width] += A^T B for A [rows][64] and B [rows][width].
HWY_INLINE void AddTransposed(const float* a, const float* b, std::int64_t rows, std::int64_t keys, std::int64_t width,
                              float* out) {
  for (std::int64_t j = 0; j < keys; j += kTileRows) {
    const int block = static_cast<int>(std::min<std::int64_t>(kTileRows, keys - j));
    for (std::int64_t n = 0; n < width; n += kTileColumns)
      TileOf(block, a + j, kKeys, b + n, width, rows,
             {out + j * width + n, width, nullptr, kTileColumns, TileInit::kAdd});
  }
}

// Adds one row of dS (of scaled scores) to the gradients of relative positions.
HWY_INLINE void AddTerms(const AttentionGradArgs& g, const AttentionSequence& s, std::int64_t head, std::int64_t query,
                         std::int64_t first, std::int64_t keys, const float* ds) {
  const RelativeTerms& t = g.forward.relative;
  if (t.buckets == nullptr) return;
  const std::int32_t* const buckets = t.buckets + first - (s.kv_len - s.q_len + query) + t.reach;
  const float unscaled = 1 / g.forward.scale;
  if (g.drelative_queries != nullptr) {
    float* const to = g.drelative_queries + (head * t.query_rows + s.q_begin + query) * t.count;
    for (std::int64_t j = 0; j < keys; ++j) to[buckets[j]] += ds[j] * unscaled;
  }
  if (g.drelative_keys != nullptr) {
    float* const to = g.drelative_keys + (head * t.key_rows + s.kv_begin + first) * t.count;
    for (std::int64_t j = 0; j < keys; ++j) to[j * t.count + buckets[j]] += ds[j] * unscaled;
  }
}

// Gradients of one block of query rows and one tile of keys.
void GradBlock(const AttentionGradArgs& g, const AttentionSequence& s, std::int64_t head, std::int64_t query, int rows,
               std::int64_t at, std::int64_t first, std::int64_t keys, const GradState& w) {
  const AttentionArgs& a = g.forward;
  const std::int64_t d = a.head_dim, padded = PadColumns(keys);
  ScoreBlock(w.queries + at * d, rows, Columns{w.transposed_k, kKeys, keys}, d, w.p);
  ScoreBlock(w.dout_packed + at * d, rows, Columns{w.transposed_v, kKeys, keys}, d, w.ds);
  for (int r = 0; r < rows; ++r) {
    float *const p = w.p + r * kKeys, *const ds = w.ds + r * kKeys;
    const std::int64_t row = s.q_begin + query + r;
    for (std::int64_t j = 0; j < keys; ++j) p[j] *= a.scale;
    HWY_ALIGN float capped[kKeys];
    if (a.softcap > 0.0F) {
      CapScores(a.softcap, padded, p);
      std::copy_n(p, padded, capped);
    }
    AddBias(RowOf(a, s, head, query + r, first), keys, p);
    HWY_ALIGN float factors[kKeys];
    if (a.dropout > 0.0F) {
      std::fill_n(factors, kKeys, 0.0F);
      dropout_factors(a, row, head, first, keys, factors);
    }
    RowGradient(a, InTile(SeenKeys(a, s, query + r, query + r), first), padded, a.log_sum[row * a.heads + head],
                w.delta[at + r], a.dropout > 0.0F ? factors : nullptr, p, ds);
    AddTerms(g, s, head, query + r, first, keys, ds);
    if (a.softcap > 0.0F) UncapGradient(a.softcap, padded, capped, ds);
  }
  AddTransposed(w.p, w.dout_rows + at * w.width, rows, keys, w.width, w.dv);
  AddTransposed(w.ds, w.query_rows + at * w.width, rows, keys, w.width, w.dk);
  float* const dq = g.dq + (s.q_begin + query) * a.q_stride + head * a.q_head_stride;
  for (std::int64_t n = 0; n < d; n += kTileColumns)
    TileOf<kKeys>(rows, w.ds, 1, w.key_rows + n, w.width, keys,
                  {dq + n, a.q_stride, nullptr, static_cast<int>(std::min<std::int64_t>(kTileColumns, d - n)),
                   first == 0 ? TileInit::kZero : TileInit::kAdd});
}

GradState MakeState(std::int64_t rows, std::int64_t d) {
  GradState w{};
  w.width = PadColumns(d);
  w.queries = scratch<ScratchFor::kQueries>(2 * rows * d + 64);
  w.dout_packed = w.queries + rows * d;
  w.query_rows = scratch<ScratchFor::kRows>(2 * rows * w.width + rows);
  w.dout_rows = w.query_rows + rows * w.width;
  w.delta = w.dout_rows + rows * w.width;
  w.transposed_k = scratch<ScratchFor::kKeys>(2 * d * kKeys);
  w.transposed_v = w.transposed_k + d * kKeys;
  w.key_rows = scratch<ScratchFor::kValues>(3 * kKeys * w.width);
  w.dk = w.key_rows + kKeys * w.width;
  w.dv = w.dk + kKeys * w.width;
  w.p = scratch<ScratchFor::kScores>(2 * kTileRows * kKeys);
  w.ds = w.p + kTileRows * kKeys;
  return w;
}

// Gradients of one group of heads of a sequence: no other task writes these rows of dq, dk and dv.
void GradGroup(const AttentionGradArgs& g, const AttentionSequence& s, std::int64_t kv_head) {
  const AttentionArgs& a = g.forward;
  const std::int64_t group = a.heads / a.kv_heads, d = a.head_dim;
  const GradState w = MakeState(group * s.q_len, d);
  for (std::int64_t h = 0; h < group; ++h) PrepareRows(g, s, kv_head * group + h, h * s.q_len, w);
  for (std::int64_t first = 0; first < s.kv_len; first += kKeys) {
    const KeyTile k = LoadTile(a, s, false, kv_head, first, false, nullptr);
    const KeyTile v = LoadTile(a, s, true, kv_head, first, false, nullptr);
    TransposeTile(k, d, w.transposed_k);
    TransposeTile(v, d, w.transposed_v);
    CopyRows(k.data, k.stride, k.count, d, w.key_rows, w.width);
    std::fill_n(w.dk, 2 * kKeys * w.width, 0.0F);
    for (std::int64_t h = 0; h < group; ++h)
      for (std::int64_t i = 0; i < s.q_len; i += kTileRows) {
        const int rows = static_cast<int>(std::min<std::int64_t>(kTileRows, s.q_len - i));
        // The first tile sets dq.
        if (first > 0 && InTile(SeenKeys(a, s, i, i + rows - 1), first).empty()) continue;
        GradBlock(g, s, kv_head * group + h, i, rows, h * s.q_len + i, first, k.count, w);
      }
    for (std::int64_t j = 0; j < k.count; ++j) {
      float* const dk = g.dk + (s.kv_begin + first + j) * a.k_stride + kv_head * a.k_head_stride;
      float* const dv = g.dv + (s.kv_begin + first + j) * a.v_stride + kv_head * a.v_head_stride;
      for (std::int64_t i = 0; i < d; ++i) dk[i] += w.dk[j * w.width + i];
      for (std::int64_t i = 0; i < d; ++i) dv[i] += w.dv[j * w.width + i];
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace linnet::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "linnet/base/parallel.h"

namespace linnet::cpu {
HWY_EXPORT(GradGroup);

void attention_grad(const AttentionGradArgs& g) {
  const AttentionArgs& a = g.forward;
  parallel_region([&](int thread, int count) {
    for (std::int64_t task = thread; task < a.sequence_count * a.kv_heads; task += count)
      HWY_DYNAMIC_DISPATCH(GradGroup)(g, a.sequences[task / a.kv_heads], task % a.kv_heads);
  });
}

}  // namespace linnet::cpu
#endif
