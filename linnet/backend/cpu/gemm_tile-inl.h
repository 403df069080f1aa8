// The register tile of every f32 product: C[rows, columns] = A B with A broadcast value by value and B in vectors.
// Compiled once for each instruction set, hence no include guard of the usual kind.
#if defined(LINNET_GEMM_TILE_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef LINNET_GEMM_TILE_INL_H
#undef LINNET_GEMM_TILE_INL_H
#else
#define LINNET_GEMM_TILE_INL_H
#endif

#include <algorithm>
#include <cstdint>

#include "hwy/cache_control.h"
#include "hwy/highway.h"
#include "linnet/backend/cpu/gemm.h"

HWY_BEFORE_NAMESPACE();
namespace linnet::cpu {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// At most 512 bits: 16 lanes, 8 with AVX2, 4 with NEON.
using TileTag = hn::CappedTag<float, 16>;
using TileVector = hn::Vec<TileTag>;
inline constexpr int kTileLanes = static_cast<int>(HWY_MAX_BYTES / sizeof(float));
inline constexpr int kTileColumns = 2 * kTileLanes;
// Two vectors of columns by as many rows as leave registers for B: 12 x 2 of 32 registers, 6 x 2 of 16.
#if HWY_TARGET <= HWY_AVX3
inline constexpr int kTileRows = 12;
#else
inline constexpr int kTileRows = 6;
#endif

struct TileOutput {
  float* c;
  std::int64_t c_stride;
  const float* bias;  // at the first column, for kBias
  int columns;        // valid ones, at most kTileColumns
  TileInit init;
};

template <class D>
HWY_INLINE hn::Vec<D> LoadAs(D d, const float* from) {
  return hn::LoadU(d, from);
}
template <class D>
HWY_INLINE hn::Vec<D> LoadAs(D d, const std::uint16_t* from) {  // bf16
  const hn::Rebind<std::uint16_t, D> d16;
  return hn::BitCast(d, hn::ShiftLeft<16>(hn::PromoteTo(hn::RebindToUnsigned<D>(), hn::LoadU(d16, from))));
}

template <int kRows, int kVectors>
HWY_INLINE void StoreTile(const TileVector (&sum)[kRows][kVectors], const TileOutput& out) {
  const TileTag d;
  if (out.columns == kVectors * kTileLanes) {
    HWY_UNROLL(16)
    for (int r = 0; r < kRows; ++r) HWY_UNROLL(16)
    for (int v = 0; v < kVectors; ++v) {
      float* const c = out.c + r * out.c_stride + v * kTileLanes;
      TileVector value = sum[r][v];
      if (out.init == TileInit::kAdd) value = hn::Add(value, hn::LoadU(d, c));
      if (out.init == TileInit::kBias) value = hn::Add(value, hn::LoadU(d, out.bias + v * kTileLanes));
      hn::StoreU(value, d, c);
    }
    return;
  }
  HWY_ALIGN float row[kVectors * kTileLanes];
  HWY_UNROLL(16)
  for (int r = 0; r < kRows; ++r) {
    float* const c = out.c + r * out.c_stride;
    HWY_UNROLL(16)
    for (int v = 0; v < kVectors; ++v) hn::Store(sum[r][v], d, row + v * kTileLanes);
    for (int i = 0; i < out.columns; ++i) {
      const float start = out.init == TileInit::kAdd ? c[i] : out.init == TileInit::kBias ? out.bias[i] : 0.0F;
      c[i] = start + row[i];
    }
  }
}

// sum[r] += A[r, 0 … depth) B, with A at a[r * kARow + k * a_step] and B, f32 or bf16, at b + k * b_step.
template <int kRows, int kARow, int kVectors, class T>
HWY_INLINE void Tile(const float* HWY_RESTRICT a, std::int64_t a_step, const T* HWY_RESTRICT b, std::int64_t b_step,
                     std::int64_t depth, const TileOutput& out) {
  const TileTag d;
  TileVector sum[kRows][kVectors];
  HWY_UNROLL(16)
  for (int r = 0; r < kRows; ++r) HWY_UNROLL(16)
  for (int v = 0; v < kVectors; ++v) {
    sum[r][v] = hn::Zero(d);
    hwy::Prefetch(out.c + r * out.c_stride + v * kTileLanes);  // rows of c may be a page apart
  }
  for (std::int64_t k = 0; k < depth; ++k) {
    const TileVector b0 = LoadAs(d, b), b1 = kVectors == 2 ? LoadAs(d, b + kTileLanes) : b0;
    HWY_UNROLL(16)
    for (int r = 0; r < kRows; ++r) {
      const TileVector value = hn::Set(d, a[r * kARow]);
      sum[r][0] = hn::MulAdd(value, b0, sum[r][0]);
      if constexpr (kVectors == 2) sum[r][1] = hn::MulAdd(value, b1, sum[r][1]);
    }
    a += a_step;
    b += b_step;
  }
  StoreTile<kRows, kVectors>(sum, out);
}

// Tile for a number of rows known at run time. kARow is 1 for A packed [depth][a_step], else the constant distance of
// its rows (scores of an attention tile), with a_step 1.
template <int kARow = 1, int kRows = kTileRows, class T>
HWY_INLINE void TileOf(int rows, const float* a, std::int64_t a_step, const T* b, std::int64_t b_step,
                       std::int64_t depth, const TileOutput& out) {
  if constexpr (kRows >= 1) {
    if (rows == kRows && out.columns <= kTileLanes) return Tile<kRows, kARow, 1>(a, a_step, b, b_step, depth, out);
    if (rows == kRows) return Tile<kRows, kARow, 2>(a, a_step, b, b_step, depth, out);
    TileOf<kARow, kRows - 1>(rows, a, a_step, b, b_step, depth, out);
  }
}

// Transposes rows x[0 … rows) to [k][rows], `to_stride` apart, so that the tile reads one stream. Whole cache lines of
// four rows at a time: a stride of a power of two maps the lines of many rows to few sets.
inline void PackRows(const float* x, std::int64_t stride, int rows, std::int64_t depth, float* out,
                     std::int64_t to_stride) {
  std::int64_t k = 0;
#if HWY_TARGET != HWY_SCALAR
  constexpr std::int64_t kLine = 16;
  const hn::CappedTag<float, 4> d;
  for (; rows >= 4 && k + 4 <= depth; k += kLine) {
    const std::int64_t end = std::min(depth - 3, k + kLine);
    for (int group = 0; group < rows; group += 4) {
      const int r = std::min(group, rows - 4);  // the last four overlap
      for (std::int64_t i = k; i < end; i += 4) {
        const float* const from = x + r * stride + i;
        const auto a = hn::LoadU(d, from), b = hn::LoadU(d, from + stride);
        const auto c = hn::LoadU(d, from + 2 * stride), e = hn::LoadU(d, from + 3 * stride);
        const auto ac0 = hn::InterleaveLower(d, a, c), ac1 = hn::InterleaveUpper(d, a, c);
        const auto be0 = hn::InterleaveLower(d, b, e), be1 = hn::InterleaveUpper(d, b, e);
        float* const to = out + i * to_stride + r;
        hn::StoreU(hn::InterleaveLower(d, ac0, be0), d, to);
        hn::StoreU(hn::InterleaveUpper(d, ac0, be0), d, to + to_stride);
        hn::StoreU(hn::InterleaveLower(d, ac1, be1), d, to + 2 * to_stride);
        hn::StoreU(hn::InterleaveUpper(d, ac1, be1), d, to + 3 * to_stride);
      }
    }
  }
  k = rows >= 4 ? depth / 4 * 4 : 0;
#endif
  for (; k < depth; ++k)
    for (int r = 0; r < rows; ++r) out[k * to_stride + r] = x[r * stride + k];
}

}  // namespace HWY_NAMESPACE
}  // namespace linnet::cpu
HWY_AFTER_NAMESPACE();
#endif
