// The quantised product with x rounded to bf16 and vdpbf16ps: the integers of a weight are exact in bf16, a block's sum
// is multiplied by its scale in f32.
#include "linnet/backend/cpu/quantized_tile.h"

#if defined(__x86_64__)
// g++ 12 warns about the undefined vectors of its own header.
#if !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>

#include <bit>
#include <cstring>

#define LINNET_BF16 __attribute__((target("avx2,fma,f16c,avx512f,avx512bw,avx512vl,avx512dq,avx512bf16")))
#define LINNET_UNROLL _Pragma("GCC unroll 16")

namespace linnet::cpu {
namespace {

// The order of x in a block of 32 whose weights have 4 bits: a vector of weights holds k, k + 16 in the halves of a
// byte, four bytes an output. Shifted by 0, 4, 8 and 12 bits, its 16-bit lanes begin with the pairs (0, 2), (16, 18),
// (1, 3) and (17, 19).
LINNET_BF16 inline __m512i order_of_halves() {
  return _mm512_set_epi16(31, 29, 15, 13, 30, 28, 14, 12, 27, 25, 11, 9, 26, 24, 10, 8, 23, 21, 7, 5, 22, 20, 6, 4, 19,
                          17, 3, 1, 18, 16, 2, 0);
}

// Rounds a block of a row to bf16 and returns the sum of the rounded values.
template <int kBlock>
LINNET_BF16 inline float round_block(const float* x, bool halves, std::uint8_t* to) {
  if constexpr (kBlock == 16) {
    const auto narrow = reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(_mm512_loadu_ps(x)));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), narrow);
    return 0.0F;  // no type with blocks of 16 has offsets
  } else {
    const auto narrow = reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(_mm512_loadu_ps(x + 16), _mm512_loadu_ps(x)));
    _mm512_storeu_si512(to, halves ? _mm512_permutexvar_epi16(order_of_halves(), narrow) : narrow);
    const __m512 odd = _mm512_castsi512_ps(_mm512_and_si512(narrow, _mm512_set1_epi32(-65536)));
    return _mm512_reduce_add_ps(_mm512_add_ps(_mm512_castsi512_ps(_mm512_slli_epi32(narrow, 16)), odd));
  }
}

template <int kBlock>
LINNET_BF16 void round_row(const float* x, const QuantizedMatrix& w, int row, int rows, std::uint8_t* to) {
  const std::int64_t record = rows * (2 * kBlock + static_cast<std::int64_t>(sizeof(float)));
  for (std::int64_t b = 0; b < w.blocks(); ++b, x += kBlock, to += record) {
    const float sum = round_block<kBlock>(x, w.bits == 4, to + row * 2 * kBlock);
    std::memcpy(to + rows * 2 * kBlock + row * static_cast<int>(sizeof sum), &sum, sizeof sum);
  }
}

void prepare(const float* x, const QuantizedMatrix& w, int row, int rows, std::uint8_t* to) {
  w.block == 16 ? round_row<16>(x, w, row, rows, to) : round_row<32>(x, w, row, rows, to);
}

LINNET_BF16 inline __m512 load_scales(const std::uint8_t* at, bool wide) {
  if (wide) return _mm512_loadu_ps(at);
  return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(at)));
}

// bf16 of q - zero_point for q = 0 … 15, twice: the fifth bit of an index is not part of it.
LINNET_BF16 inline __m512i values_of_halves(int zero_point) {
  alignas(64) std::uint16_t table[32];
  for (int q = 0; q < 32; ++q)
    table[q] = static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(static_cast<float>(q % 16 - zero_point)) >> 16);
  return _mm512_load_si512(table);
}

// What turns the bytes of a weight with that zero point into pairs.
template <int kBits>
LINNET_BF16 inline auto zero_of(int zero_point) {
  if constexpr (kBits == 4)
    return values_of_halves(zero_point);
  else
    return _mm512_set1_ps(static_cast<float>(zero_point));
}

// Pairs of k of 16 outputs.
template <int kBits>
struct Pairs {
  static constexpr int kCount = kBits == 4 ? 4 : 2;
  __m512bh at[kCount];
};

// bf16 of byte `index` of each lane, in the upper half.
LINNET_BF16 inline __m512i upper_bf16(__m512i bytes, int index, __m512 zero_point) {
  const __m512i q =
      _mm512_and_si512(_mm512_srli_epi32(bytes, static_cast<unsigned>(8 * index)), _mm512_set1_epi32(255));
  return _mm512_castps_si512(_mm512_sub_ps(_mm512_cvtepi32_ps(q), zero_point));
}

LINNET_BF16 inline Pairs<4> pairs_of(__m512i bytes, __m512i table) {
  Pairs<4> pairs;
  LINNET_UNROLL
  for (int i = 0; i < 4; ++i) {
    const __m512i index = i == 0 ? bytes : _mm512_srli_epi16(bytes, static_cast<unsigned>(4 * i));
    pairs.at[i] = reinterpret_cast<__m512bh>(_mm512_permutexvar_epi16(index, table));
  }
  return pairs;
}

LINNET_BF16 inline Pairs<8> pairs_of(__m512i bytes, __m512 zero_point) {
  Pairs<8> pairs;
  LINNET_UNROLL
  for (int i = 0; i < 2; ++i)
    pairs.at[i] = reinterpret_cast<__m512bh>(_mm512_or_si512(
        _mm512_srli_epi32(upper_bf16(bytes, 2 * i, zero_point), 16), upper_bf16(bytes, 2 * i + 1, zero_point)));
  return pairs;
}

template <int kBits, int kBlock, bool kAffine, int kRows>
LINNET_BF16 void dot_tile(const QuantTile& t) {
  constexpr int kVectors = kBlock * kBits / 32, kPairs = Pairs<kBits>::kCount;
  __m512 sum[kRows];
  LINNET_UNROLL
  for (int r = 0; r < kRows; ++r) sum[r] = _mm512_setzero_ps();
  const auto zero = zero_of<kBits>(t.weight.zero_point);
  const QuantizedMatrix& weight = t.weight;
  const std::uint8_t *x = t.x, *record = t.panel;
  for (std::int64_t b = 0; b < weight.blocks(); ++b, x += kRows * (2 * kBlock + 4), record += weight.record) {
    if constexpr (kRows <= kFewRows) prefetch_records(record, kVectors + 1);
    __m512 dot[kRows];
    LINNET_UNROLL
    for (int r = 0; r < kRows; ++r) dot[r] = _mm512_setzero_ps();
    LINNET_UNROLL
    for (int v = 0; v < kVectors; ++v) {
      const Pairs<kBits> w = pairs_of(_mm512_loadu_si512(record + v * 64), zero);
      LINNET_UNROLL
      for (int r = 0; r < kRows; ++r) {
        const std::uint8_t* const row = x + r * 2 * kBlock + v * kPairs * 4;
        LINNET_UNROLL
        for (int i = 0; i < kPairs; ++i) {
          std::int32_t pair;
          std::memcpy(&pair, row + 4 * i, sizeof pair);
          dot[r] = _mm512_dpbf16_ps(dot[r], w.at[i], reinterpret_cast<__m512bh>(_mm512_set1_epi32(pair)));
        }
      }
    }
    const __m512 scale = load_scales(record + weight.scales_at, weight.wide_scales);
    const __m512 offset = kAffine ? load_scales(record + weight.offsets_at, weight.wide_scales) : _mm512_setzero_ps();
    LINNET_UNROLL
    for (int r = 0; r < kRows; ++r) {
      sum[r] = _mm512_fmadd_ps(dot[r], scale, sum[r]);
      float row_sum;
      std::memcpy(&row_sum, x + kRows * 2 * kBlock + 4 * r, sizeof row_sum);
      if constexpr (kAffine) sum[r] = _mm512_fmadd_ps(offset, _mm512_set1_ps(row_sum), sum[r]);
    }
  }
  LINNET_UNROLL
  for (int r = 0; r < kRows; ++r) _mm512_storeu_ps(t.out + r * 16, sum[r]);
}

struct Tile {
  template <int kBits, int kBlock, bool kAffine, int kRows>
  static void run(const QuantTile& t) {
    dot_tile<kBits, kBlock, kAffine, kRows>(t);
  }
};

}  // namespace

const DotKernel* bf16_dot_kernel() {
  static const DotKernel kernel{prepare, dot_of<Tile>, kMostDotRows, 2, 4, "AVX-512 BF16"};
  static const bool supported = __builtin_cpu_supports("avx512bf16");
  return supported ? &kernel : nullptr;
}

}  // namespace linnet::cpu
#if !defined(__clang__)
#pragma GCC diagnostic pop
#endif

#else

namespace linnet::cpu {
const DotKernel* bf16_dot_kernel() { return nullptr; }
}  // namespace linnet::cpu

#endif
