// The quantised product with vpdpbusd of AVX-512 VNNI. Highway 1.0.3 has no such operation, and its AVX3_DL target
// enables AVX-VNNI, which Zen 4 lacks. So this uses intrinsics, only if CPUID reports the feature.
#include "linnet/backend/cpu/quantized_tile.h"

#if defined(__x86_64__)
#include <immintrin.h>

#include <algorithm>
#include <cstring>

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

constexpr int kAtOnce = 4;  // blocks of a row that are rounded together

// Lane i of the result is the largest lane, or the sum of the lanes, of v[i].
LINNET_VNNI inline __m128 largest(const __m512 (&v)[kAtOnce]) {
  const __m512 low = _mm512_max_ps(_mm512_unpacklo_ps(v[0], v[1]), _mm512_unpackhi_ps(v[0], v[1]));
  const __m512 high = _mm512_max_ps(_mm512_unpacklo_ps(v[2], v[3]), _mm512_unpackhi_ps(v[2], v[3]));
  __m512 all = _mm512_max_ps(_mm512_shuffle_ps(low, high, 0x44), _mm512_shuffle_ps(low, high, 0xEE));
  all = _mm512_max_ps(all, _mm512_shuffle_f32x4(all, all, 0x4E));
  return _mm512_castps512_ps128(_mm512_max_ps(all, _mm512_shuffle_f32x4(all, all, 0xB1)));
}
LINNET_VNNI inline __m128i sums(const __m512i (&v)[kAtOnce]) {
  const __m512i low = _mm512_add_epi32(_mm512_unpacklo_epi32(v[0], v[1]), _mm512_unpackhi_epi32(v[0], v[1]));
  const __m512i high = _mm512_add_epi32(_mm512_unpacklo_epi32(v[2], v[3]), _mm512_unpackhi_epi32(v[2], v[3]));
  __m512i all = _mm512_add_epi32(_mm512_unpacklo_epi64(low, high), _mm512_unpackhi_epi64(low, high));
  all = _mm512_add_epi32(all, _mm512_shuffle_i32x4(all, all, 0x4E));
  return _mm512_castsi512_si128(_mm512_add_epi32(all, _mm512_shuffle_i32x4(all, all, 0xB1)));
}

// Rounds the first `count` of four blocks of 32 values; the records have the layout of QuantTile::x.
LINNET_VNNI void round_blocks(const float* x, int count, const QuantizedMatrix& w, int row, int rows,
                              std::uint8_t* to) {
  __m512 first[kAtOnce], second[kAtOnce], sizes[kAtOnce];
  LINNET_UNROLL
  for (int i = 0; i < kAtOnce; ++i) {
    const __mmask16 valid = i < count ? 0xFFFF : 0;
    first[i] = _mm512_maskz_loadu_ps(valid, x + 32 * i);
    second[i] = _mm512_maskz_loadu_ps(valid, x + 32 * i + 16);
    sizes[i] = _mm512_max_ps(_mm512_abs_ps(first[i]), _mm512_abs_ps(second[i]));
  }
  const __m128 limit = largest(sizes), most = _mm_set1_ps(127.0F);
  alignas(16) float scale[kAtOnce], inverse[kAtOnce];
  _mm_store_ps(scale, _mm_div_ps(limit, most));
  _mm_store_ps(inverse, _mm_maskz_div_ps(_mm_cmp_ps_mask(limit, _mm_setzero_ps(), _CMP_GT_OQ), most, limit));
  __m512i both[kAtOnce];
  LINNET_UNROLL
  for (int i = 0; i < kAtOnce; ++i) {
    const __m512 factor = _mm512_set1_ps(inverse[i]);
    const __m512i a = _mm512_cvtps_epi32(_mm512_mul_ps(first[i], factor));
    const __m512i b = _mm512_cvtps_epi32(_mm512_mul_ps(second[i], factor));
    both[i] = _mm512_add_epi32(a, b);
    if (i >= count) continue;
    auto* const values = reinterpret_cast<__m128i*>(to + i * rows * 40 + row * 32);
    _mm_storeu_si128(values, _mm512_cvtsepi32_epi8(a));
    _mm_storeu_si128(values + 1, _mm512_cvtsepi32_epi8(b));
  }
  const __m128i total = sums(both);
  alignas(16) std::int32_t start[kAtOnce];
  if (w.affine)
    _mm_store_ps(reinterpret_cast<float*>(start), _mm_mul_ps(_mm_load_ps(scale), _mm_cvtepi32_ps(total)));
  else
    _mm_store_si128(reinterpret_cast<__m128i*>(start), _mm_mullo_epi32(total, _mm_set1_epi32(-w.zero_point)));
  for (int i = 0; i < count; ++i) {
    std::uint8_t* const scales = to + i * rows * 40 + rows * 32;
    std::memcpy(scales + 4 * row, scale + i, 4);
    std::memcpy(scales + 4 * (rows + row), start + i, 4);
  }
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

struct Tile {
  template <int kBits, int kBlock, bool kAffine, int kRows>
  static void run(const QuantTile& t) {
    dot_tile<kBits, kBlock, kAffine, kRows>(t);
  }
};

}  // namespace

int vnni_rows() {
  static const bool supported = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                                __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
                                __builtin_cpu_supports("avx512vnni");
  return supported ? kMostDotRows : 0;
}

void quantize_vnni(const float* x, const QuantizedMatrix& w, int row, int rows, std::uint8_t* to) {
  const std::int64_t blocks = w.blocks();
  for (std::int64_t b = 0; b < blocks; b += kAtOnce, x += 32 * kAtOnce, to += kAtOnce * rows * 40)
    round_blocks(x, static_cast<int>(std::min<std::int64_t>(kAtOnce, blocks - b)), w, row, rows, to);
}

void dot_vnni(const QuantTile& t) { dot_of<Tile>(t); }

}  // namespace linnet::cpu

#else

namespace linnet::cpu {
int vnni_rows() { return 0; }
void dot_vnni(const QuantTile&) {}
void quantize_vnni(const float*, const QuantizedMatrix&, int, int, std::uint8_t*) {}
}  // namespace linnet::cpu

#endif
