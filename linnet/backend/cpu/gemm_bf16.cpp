// The bf16 kernel of plain products: pairs (k, k + 1) are adjacent; an instruction computes two products and a sum. It
// uses intrinsics, since this Highway release has no portable operation for them.
#include "linnet/backend/cpu/gemm_plain.h"

#if defined(__x86_64__)
// g++ 12 warns about the undefined vectors of its own header.
#if !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>

#include <algorithm>

#define LINNET_BF16 __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16")))

namespace linnet::cpu {
namespace {

constexpr int kRows = 12;  // rows, by two vectors of columns: 24 sums, 2 of b and one of a in 32 registers
constexpr std::int64_t kDepth = 384;

using Pair = std::uint32_t;  // bf16 of k in the low half, of k + 1 in the high one

// 16 lanes of two steps of k.
LINNET_BF16 inline __m512i pairs_of(__m512 first, __m512 second) {
  const __m512i interleaved = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22,
                                               6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
  return _mm512_permutexvar_epi16(interleaved, reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(second, first)));
}

LINNET_BF16 inline __mmask16 first_lanes(std::int64_t count) {
  return static_cast<__mmask16>(count >= 16 ? 0xFFFF : (1 << std::max<std::int64_t>(0, count)) - 1);
}

// Stores the first lanes of a row of kWidth, from lane `at`. Masked stores are slow on some processors.
template <int kWidth>
LINNET_BF16 inline void store_row(Pair* row, int at, __m512i pairs) {
  static_assert(kWidth % 16 == 0 || kWidth % 16 == 12);
  if (kWidth - at >= 16) return _mm512_storeu_si512(row + at, pairs);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(row + at), _mm512_castsi512_si256(pairs));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(row + at + 8), _mm512_extracti32x4_epi32(pairs, 2));
}

template <int kWidth>
LINNET_BF16 void pack_steps(const PackedPart& p, Pair* to) {
  const std::int64_t block = p.block / 2;  // in pairs
  for (std::int64_t k = 0; k < p.depth; k += 2, to += kWidth) {
    const float* first = p.from + k * p.stride;
    Pair* row = to;
    for (int lane = 0; lane < p.lanes; lane += kWidth, first += kWidth, row += block)
      for (int i = 0; i < kWidth; i += 16) {
        const __mmask16 valid = first_lanes(std::min(kWidth - i, p.lanes - lane - i));
        const __m512 a = _mm512_maskz_loadu_ps(valid, first + i);
        const __m512 b = k + 1 < p.depth ? _mm512_maskz_loadu_ps(valid, first + p.stride + i) : _mm512_setzero_ps();
        store_row<kWidth>(row, i, pairs_of(a, b));
      }
  }
}

// Transposes 16 x 16 values of 32 bits.
LINNET_BF16 inline void transpose(__m512i (&r)[16]) {
  __m512i t[16];
  for (int i = 0; i < 16; i += 2) {
    t[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
    t[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
  }
  for (int i = 0; i < 16; i += 4) {
    r[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
    r[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
    r[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
    r[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
  }
  for (int i = 0; i < 4; ++i)
    for (int half = 0; half < 16; half += 8) {
      t[half + i] = _mm512_shuffle_i32x4(r[half + i], r[half + 4 + i], 0x88);
      t[half + 4 + i] = _mm512_shuffle_i32x4(r[half + i], r[half + 4 + i], 0xDD);
    }
  for (int i = 0; i < 8; ++i) {
    r[i] = _mm512_shuffle_i32x4(t[i], t[8 + i], 0x88);
    r[8 + i] = _mm512_shuffle_i32x4(t[i], t[8 + i], 0xDD);
  }
}

// 32 values of a row as 16 pairs.
LINNET_BF16 inline __m512i row_of_pairs(const float* x, std::int64_t left) {
  const __m512 low = _mm512_maskz_loadu_ps(first_lanes(left), x);
  const __m512 high = _mm512_maskz_loadu_ps(first_lanes(left - 16), x + 16);
  return reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(high, low));
}

template <int kWidth>
LINNET_BF16 void pack_rows(const PackedPart& p, Pair* to) {
  for (int lane = 0; lane < p.lanes; lane += kWidth, to += p.block / 2)
    for (int i = 0; i < kWidth; i += 16) {
      const int rows = std::min({16, kWidth - i, p.lanes - lane - i});
      const float* const from = p.from + (lane + i) * p.stride;
      for (std::int64_t k = 0; k < p.depth; k += 32) {
        __m512i r[16];
        for (int j = 0; j < 16; ++j) {
          const float* const x = from + j * p.stride + k;
          r[j] = j < rows ? row_of_pairs(x, p.depth - k) : _mm512_setzero_si512();
          _mm_prefetch(reinterpret_cast<const char*>(x + 16 * p.stride), _MM_HINT_T0);  // the next rows
          _mm_prefetch(reinterpret_cast<const char*>(x + 16 * p.stride + 16), _MM_HINT_T0);
        }
        transpose(r);
        const int steps = static_cast<int>(std::min<std::int64_t>(16, (p.depth - k + 1) / 2));
        for (int j = 0; j < steps; ++j) store_row<kWidth>(to + (k / 2 + j) * kWidth, i, r[j]);
      }
    }
}

LINNET_BF16 void pack_row(const PackedPart& p, Pair* to) {
  for (std::int64_t k = 0; k < p.depth; k += 32) {
    const __mmask16 valid = first_lanes((p.depth - k + 1) / 2);
    _mm512_mask_storeu_epi32(to + k / 2, valid, row_of_pairs(p.from + k, p.depth - k));
  }
}

template <int kWidth>
void pack_width(const PackedPart& part, Pair* to) {
  part.k_contiguous ? pack_rows<kWidth>(part, to) : pack_steps<kWidth>(part, to);
}

void pack(const PackedPart& part, void* to) {
  if (part.width == 1) return pack_row(part, static_cast<Pair*>(to));
  if (part.width == kRows) return pack_width<kRows>(part, static_cast<Pair*>(to));
  pack_width<kPanel>(part, static_cast<Pair*>(to));
}

// Few rows wait for memory: the hardware does not read far enough ahead.
template <int kVectors>
inline void prefetch_pairs(const Pair* b, std::int64_t step) {
  constexpr std::int64_t kAhead = 8;  // steps of k
  for (int v = 0; v < kVectors; ++v)
    _mm_prefetch(reinterpret_cast<const char*>(b + kAhead * step + 16 * v), _MM_HINT_T0);
}

// kStep: lanes from one pair of the block to the next.
template <int kHeight, int kVectors, int kStep = kRows>
LINNET_BF16 void tile(const PlainTile& t) {
  const auto* a = static_cast<const Pair*>(t.block);
  const auto* b = static_cast<const Pair*>(t.panel);
  __m512 sum[kHeight][kVectors];
#pragma GCC unroll 12
  for (int r = 0; r < kHeight; ++r)
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      sum[r][v] = _mm512_setzero_ps();
      _mm_prefetch(reinterpret_cast<const char*>(t.c + r * t.c_stride + 16 * v), _MM_HINT_T0);
    }
  for (std::int64_t pairs = (t.depth + 1) / 2; pairs > 0; --pairs, a += kStep, b += t.panel_step) {
    if constexpr (kHeight == 1) prefetch_pairs<kVectors>(b, t.panel_step);
    __m512bh columns[kVectors];
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) columns[v] = reinterpret_cast<__m512bh>(_mm512_loadu_si512(b + 16 * v));
#pragma GCC unroll 12
    for (int r = 0; r < kHeight; ++r) {
      const auto value = reinterpret_cast<__m512bh>(_mm512_set1_epi32(static_cast<int>(a[r])));
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) sum[r][v] = _mm512_dpbf16_ps(sum[r][v], value, columns[v]);
    }
  }
#pragma GCC unroll 4
  for (int v = 0; v < kVectors; ++v) {
    const __mmask16 valid = first_lanes(t.columns - 16 * v);
    const __m512 bias = t.init == TileInit::kBias ? _mm512_maskz_loadu_ps(valid, t.bias + 16 * v) : _mm512_setzero_ps();
#pragma GCC unroll 12
    for (int r = 0; r < kHeight; ++r) {
      float* const at = t.c + r * t.c_stride + 16 * v;
      const __m512 before = t.init == TileInit::kAdd ? _mm512_maskz_loadu_ps(valid, at) : bias;
      _mm512_mask_storeu_ps(at, valid, _mm512_add_ps(before, sum[r][v]));
    }
  }
}

template <int kVectors, int kHeight>
void tile_of(const PlainTile& t) {
  if constexpr (kHeight >= 1) {
    if (t.rows == kHeight) return tile<kHeight, kVectors>(t);
    tile_of<kVectors, kHeight - 1>(t);
  }
}

void multiply(const PlainTile& t) { tile_of<2, kRows>(t); }
void multiply_wide(const PlainTile& t) { tile_of<4, kRows / 2>(t); }
void multiply_row(const PlainTile& t) { tile<1, 4, 1>(t); }

}  // namespace

const PlainKernel* bf16_kernel() {
  static const PlainKernel kernel{kRows, kDepth, 2, pack, multiply, multiply_wide, multiply_row};
  static const bool supported = __builtin_cpu_supports("avx512bf16");
  return supported ? &kernel : nullptr;
}

}  // namespace linnet::cpu
#if !defined(__clang__)
#pragma GCC diagnostic pop
#endif

#else

namespace linnet::cpu {
const PlainKernel* bf16_kernel() { return nullptr; }
}  // namespace linnet::cpu

#endif
