// The quantised product with vpdpbusd of AVX-512 VNNI. Highway 1.0.3 has no such operation, and its AVX3_DL target
// enables AVX-VNNI, which Zen 4 lacks. So this uses intrinsics, only if CPUID reports the feature.
#include "linnet/backend/cpu/quantized_tile.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define LINNET_VNNI __attribute__((target("avx2,fma,f16c,avx512f,avx512bw,avx512vl,avx512dq,avx512vnni")))
#define LINNET_UNROLL _Pragma("GCC unroll 16")

namespace linnet::cpu {
namespace {

LINNET_VNNI inline __m512 load_scales(const std::uint8_t* at, bool wide) {
  if (wide) return _mm512_loadu_ps(at);
  return _mm512_maskz_cvtph_ps(0xFFFF, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at)));
}

// Broadcasts four bytes from memory to every lane.
LINNET_VNNI inline __m512i broadcast_int(const void* from) {
  return _mm512_maskz_broadcastd_epi32(0xFFFF, _mm_loadu_si32(from));
}

template <int kBits, int kBlock, bool kAffine, int kRows>
LINNET_VNNI void dot_tile(const QuantTile& t) {
  constexpr int kGroups = kBlock / 4, kVectors = kBits == 4 ? kGroups / 2 : kGroups;
  __m512 sum[kRows];
  LINNET_UNROLL
  for (int r = 0; r < kRows; ++r) sum[r] = _mm512_setzero_ps();
  const QuantizedMatrix& weight = t.weight;
  const std::uint8_t *x = t.x, *record = t.panel;
  const __m512i low = _mm512_set1_epi8(15);
  for (std::int64_t b = 0; b < weight.blocks(); ++b, x += kRows * (kBlock + 8), record += weight.record) {
    if constexpr (kRows <= kFewRows) prefetch_records(record, kVectors + 1);
    __m512i w[kGroups];
    LINNET_UNROLL
    for (int v = 0; v < kVectors; ++v) {
      const __m512i bytes = _mm512_loadu_si512(record + v * 64);
      if constexpr (kBits == 4) {
        w[v] = _mm512_and_si512(bytes, low);
        w[v + kVectors] = _mm512_and_si512(_mm512_srli_epi16(bytes, 4), low);
      } else {
        w[v] = bytes;
      }
    }
    const __m512 scale = load_scales(record + weight.scales_at, weight.wide_scales);
    const __m512 offset = kAffine ? load_scales(record + weight.offsets_at, weight.wide_scales) : _mm512_setzero_ps();
    const auto* const row_scales = reinterpret_cast<const float*>(x + kRows * kBlock);
    LINNET_UNROLL
    for (int r = 0; r < kRows; ++r) {
      const float *const row_scale = row_scales + r, *const row_sum = row_scales + kRows + r;
      __m512i acc = kAffine ? _mm512_setzero_si512() : broadcast_int(row_sum);
      LINNET_UNROLL
      for (int g = 0; g < kGroups; ++g) acc = _mm512_dpbusd_epi32(acc, w[g], broadcast_int(x + r * kBlock + 4 * g));
      const __m512 dot = _mm512_maskz_cvtepi32_ps(0xFFFF, acc);
      sum[r] = _mm512_fmadd_ps(dot, _mm512_mul_ps(scale, _mm512_set1_ps(*row_scale)), sum[r]);
      if constexpr (kAffine) sum[r] = _mm512_fmadd_ps(offset, _mm512_set1_ps(*row_sum), sum[r]);
    }
  }
  LINNET_UNROLL
  for (int r = 0; r < kRows; ++r) _mm512_storeu_ps(t.out + r * 16, sum[r]);
}

constexpr int kMostRows = 12;

template <int kBits, int kBlock, bool kAffine, int kRows = kMostRows>
void dot_rows(const QuantTile& t) {
  if constexpr (kRows >= 1) {
    if (t.rows == kRows) return dot_tile<kBits, kBlock, kAffine, kRows>(t);
    dot_rows<kBits, kBlock, kAffine, kRows - 1>(t);
  }
}

}  // namespace

int vnni_rows() {
  static const bool supported = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                                __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
                                __builtin_cpu_supports("avx512vnni");
  return supported ? kMostRows : 0;
}

void dot_vnni(const QuantTile& t) {
  if (t.weight.bits == 4) return t.weight.affine ? dot_rows<4, 32, true>(t) : dot_rows<4, 32, false>(t);
  if (t.weight.block == 32) return t.weight.affine ? dot_rows<8, 32, true>(t) : dot_rows<8, 32, false>(t);
  dot_rows<8, 16, false>(t);
}

}  // namespace linnet::cpu

#else

namespace linnet::cpu {
int vnni_rows() { return 0; }
void dot_vnni(const QuantTile&) {}
}  // namespace linnet::cpu

#endif
