#include "linnet/backend/cpu/targets.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "linnet/backend/cpu/quantized_dot.cpp"
#include "hwy/foreach_target.h"
// After foreach_target.h: everything below is compiled once per target.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "hwy/cache_control.h"
#include "hwy/highway.h"
#include "linnet/backend/cpu/quantized_tile.h"
#if HWY_TARGET <= HWY_AVX2
#include <immintrin.h>
#endif

HWY_BEFORE_NAMESPACE();
namespace linnet::cpu {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Quantises one row: values at `to + block * record`, scale at `scales + block * record`, then the sum.
void QuantizeRow(const float* x, std::int64_t n, int block, int zero_point, bool affine, int row, int rows,
                 std::uint8_t* to) {
  const hn::CappedTag<float, 16> d;
  const hn::Rebind<std::int32_t, decltype(d)> d32;
  const hn::Rebind<std::int8_t, decltype(d)> d8;
  const int lanes = static_cast<int>(hn::Lanes(d)), record = rows * (block + 8);
  for (std::int64_t b = 0; b < n / block; ++b, x += block, to += record) {
    auto most = hn::Zero(d);
    for (int i = 0; i < block; i += lanes) most = hn::Max(most, hn::Abs(hn::LoadU(d, x + i)));
    const float limit = hn::GetLane(hn::MaxOfLanes(d, most));
    const float scale = limit / 127.0F, inverse = limit > 0.0F ? 127.0F / limit : 0.0F;
    auto total = hn::Zero(d32);
    auto* const values = reinterpret_cast<std::int8_t*>(to) + row * block;
    for (int i = 0; i < block; i += lanes) {
      const auto q = hn::NearestInt(hn::Mul(hn::LoadU(d, x + i), hn::Set(d, inverse)));
      total = hn::Add(total, q);
      hn::StoreU(hn::DemoteTo(d8, q), d8, values + i);
    }
    const std::int32_t sum = hn::GetLane(hn::SumOfLanes(d32, total));
    std::uint8_t* const scales = to + rows * block;
    std::memcpy(scales + 4 * row, &scale, 4);
    const float scaled = scale * static_cast<float>(sum);
    const std::int32_t start = -zero_point * sum;
    if (affine)
      std::memcpy(scales + 4 * (rows + row), &scaled, 4);
    else
      std::memcpy(scales + 4 * (rows + row), &start, 4);
  }
}

#if HWY_TARGET <= HWY_AVX2

HWY_INLINE __m256 LoadScales(const std::uint8_t* at, int side, bool wide) {
  if (wide) return _mm256_loadu_ps(reinterpret_cast<const float*>(at + side * 32));
  return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at + side * 16)));
}

// Sixteen products of bytes summed in fours: w is unsigned, or shifted by 128 (then x takes the sign, since vpmaddubsw
// would saturate).
HWY_INLINE __m256i DotFours(__m256i w, __m256i x, bool shifted) {
  if (shifted) {
    const __m256i with_sign = _mm256_xor_si256(w, _mm256_set1_epi8(-128));
    x = _mm256_sign_epi8(x, with_sign);
    w = _mm256_abs_epi8(with_sign);
  }
  return _mm256_madd_epi16(_mm256_maddubs_epi16(w, x), _mm256_set1_epi16(1));
}

template <int kBits, int kBlock, int kRows>
void DotSide(const QuantTile& t, int side) {
  constexpr int kGroups = kBlock / 4, kVectors = kBits == 4 ? kGroups / 2 : kGroups;
  __m256 sum[kRows];
  for (int r = 0; r < kRows; ++r) sum[r] = _mm256_setzero_ps();
  const QuantizedMatrix& weight = t.weight;
  const bool shifted = weight.zero_point == 128;
  const std::uint8_t *x = t.x, *record = t.panel;
  const __m256i low = _mm256_set1_epi8(15);
  for (std::int64_t b = 0; b < weight.blocks(); ++b, x += kRows * (kBlock + 8), record += weight.record) {
    const std::uint8_t* const values = record + side * 32;
    __m256i w[kGroups];
    for (int v = 0; v < kVectors; ++v) {
      const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(values + v * 64));
      w[v] = kBits == 4 ? _mm256_and_si256(bytes, low) : bytes;
      if constexpr (kBits == 4) w[v + kVectors] = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), low);
    }
    const __m256 scale = LoadScales(record + weight.scales_at, side, weight.wide_scales);
    const __m256 offset =
        weight.affine ? LoadScales(record + weight.offsets_at, side, weight.wide_scales) : _mm256_setzero_ps();
    const std::uint8_t* const row_scales = x + kRows * kBlock;
    for (int r = 0; r < kRows; ++r) {
      std::int32_t start;
      float row_scale, row_sum;
      std::memcpy(&row_scale, row_scales + 4 * r, 4);
      std::memcpy(&start, row_scales + 4 * (kRows + r), 4);
      std::memcpy(&row_sum, row_scales + 4 * (kRows + r), 4);
      __m256i acc = weight.affine || shifted ? _mm256_setzero_si256() : _mm256_set1_epi32(start);
      for (int g = 0; g < kGroups; ++g) {
        std::int32_t four;
        std::memcpy(&four, x + r * kBlock + 4 * g, 4);
        acc = _mm256_add_epi32(acc, DotFours(w[g], _mm256_set1_epi32(four), shifted));
      }
      sum[r] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(acc), _mm256_mul_ps(scale, _mm256_set1_ps(row_scale)), sum[r]);
      if (weight.affine) sum[r] = _mm256_fmadd_ps(offset, _mm256_set1_ps(row_sum), sum[r]);
    }
  }
  for (int r = 0; r < kRows; ++r) _mm256_storeu_ps(t.out + r * 16 + side * 8, sum[r]);
}

template <int kBits, int kBlock, int kRows>
void DotTile(const QuantTile& t) {
  DotSide<kBits, kBlock, kRows>(t, 0);
  DotSide<kBits, kBlock, kRows>(t, 1);
}
constexpr int kDotRows = 4;
const char* KernelName() { return "AVX2"; }

#else

float ScaleAt(const std::uint8_t* at, std::int64_t index, bool wide) {
  if (wide) {
    float value;
    std::memcpy(&value, at + index * 4, 4);
    return value;
  }
  hwy::float16_t value;
  std::memcpy(&value, at + index * 2, 2);
  const hn::CappedTag<float, 1> d;
  const hn::Rebind<hwy::float16_t, decltype(d)> d16;
  return hn::GetLane(hn::PromoteTo(d, hn::LoadU(d16, &value)));
}

template <int kBits, int kBlock, int kRows>
void DotTile(const QuantTile& t) {
  constexpr int kGroups = kBlock / 4, kVectors = kBits == 4 ? kGroups / 2 : kGroups;
  const QuantizedMatrix& weight = t.weight;
  std::fill(t.out, t.out + kRows * 16, 0.0F);
  for (std::int64_t b = 0; b < weight.blocks(); ++b) {
    const std::uint8_t *x = t.x + b * kRows * (kBlock + 8), *values = t.panel + b * weight.record;
    const std::uint8_t *scales = values + weight.scales_at, *offsets = values + weight.offsets_at;
    for (int r = 0; r < kRows; ++r) {
      std::int32_t start;
      float row_scale, row_sum;
      std::memcpy(&row_scale, x + kRows * kBlock + 4 * r, 4);
      std::memcpy(&start, x + kRows * kBlock + 4 * (kRows + r), 4);
      std::memcpy(&row_sum, x + kRows * kBlock + 4 * (kRows + r), 4);
      const auto* const row = reinterpret_cast<const std::int8_t*>(x + r * kBlock);
      for (int n = 0; n < 16; ++n) {
        std::int32_t acc = weight.affine ? 0 : start;
        for (int i = 0; i < kBlock; ++i) {
          const int group = i / 4;
          const std::uint8_t byte = values[group % kVectors * 64 + n * 4 + i % 4];
          const int q = kBits == 8 ? byte : group < kVectors ? byte & 15 : byte >> 4;
          acc += q * row[i];
        }
        float& sum = t.out[r * 16 + n];
        sum += static_cast<float>(acc) * (ScaleAt(scales, n, weight.wide_scales) * row_scale);
        if (weight.affine) sum += ScaleAt(offsets, n, weight.wide_scales) * row_sum;
      }
    }
  }
}
constexpr int kDotRows = 4;
const char* KernelName() { return "portable"; }

#endif

template <int kBits, int kBlock, int kRows = kDotRows>
void DotRows(const QuantTile& t) {
  if constexpr (kRows >= 1) {
    if (t.rows == kRows) return DotTile<kBits, kBlock, kRows>(t);
    DotRows<kBits, kBlock, kRows - 1>(t);
  }
}

void Dot(const QuantTile& t) {
  if (t.weight.bits == 4) return DotRows<4, 32>(t);
  if (t.weight.block == 32) return DotRows<8, 32>(t);
  DotRows<8, 16>(t);
}
int DotRowLimit() { return kDotRows; }

}  // namespace HWY_NAMESPACE
}  // namespace linnet::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace linnet::cpu {
HWY_EXPORT(QuantizeRow);
HWY_EXPORT(Dot);
HWY_EXPORT(DotRowLimit);
HWY_EXPORT(KernelName);
namespace {

void quantize(const float* x, const QuantizedMatrix& w, int row, int rows, std::uint8_t* to) {
  if (vnni_rows() > 0 && w.block == 32) return quantize_vnni(x, w, row, rows, to);
  HWY_DYNAMIC_DISPATCH(QuantizeRow)(x, w.in, w.block, w.zero_point, w.affine, row, rows, to);
}

const DotKernel& dot_kernel() {
  static const DotKernel chosen =
      vnni_rows() > 0 ? DotKernel{quantize, dot_vnni, vnni_rows(), 1, 8, "AVX-512 VNNI"}
                      : DotKernel{quantize, HWY_DYNAMIC_DISPATCH(Dot),         HWY_DYNAMIC_DISPATCH(DotRowLimit)(), 1,
                                  8,        HWY_DYNAMIC_DISPATCH(KernelName)()};
  return chosen;
}

// Adds the bias or the old value to a row of a tile and stores it.
void store_row(const Product& p, float* y, std::int64_t n, std::int64_t columns, const float* sums) {
  for (std::int64_t c = 0; c < columns; ++c) {
    float value = sums[c];
    if (p.bias != nullptr) value += p.bias[n + c];
    y[c] = p.accumulate ? y[c] + value : value;
  }
}

void store(const Product& p, std::int64_t row, std::int64_t n, int rows, std::int64_t columns, const float* sums) {
  const bool whole = columns == kQuantRows && !p.accumulate;
  for (int r = 0; r < rows; ++r, sums += kQuantRows) {
    float* const y = p.y + (row + r) * p.y_stride + n;
    if (!whole) {
      store_row(p, y, n, columns, sums);
    } else if (p.bias == nullptr) {
      std::memcpy(y, sums, kQuantRows * sizeof(float));
    } else {
      const float* const bias = p.bias + n;
      for (int c = 0; c < kQuantRows; ++c) y[c] = sums[c] + bias[c];
    }
  }
}

constexpr std::int64_t kMostRows = 768;  // rows of x rounded at a time

// Rows [first, first + rows) of every product.
void multiply_part(const DotKernel& kernel, std::span<const QuantizedProduct> products, std::int64_t first,
                   std::int64_t rows) {
  const QuantizedMatrix& w = *products.front().weight;
  const Product& shared = products.front().product;
  const std::int64_t limit = kernel.rows, row_size = kernel.bytes(w), row_blocks = (rows + limit - 1) / limit;
  auto* const x = scratch<ScratchFor::kQuantized, std::uint8_t>(rows * row_size);
  parallel_for(rows, std::max<std::int64_t>(1, 16384 / w.in), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = begin; r < end; ++r) {
      const std::int64_t block = r / limit * limit;
      kernel.prepare(shared.x + (first + r) * shared.x_stride, w, static_cast<int>(r - block),
                     static_cast<int>(std::min(limit, rows - block)), x + block * row_size);
    }
  });
  const auto run = [&](const QuantizedProduct& one, std::int64_t unit) {
    const std::int64_t panel = unit / row_blocks, row = unit % row_blocks * limit, n = panel * kQuantRows;
    alignas(64) float sums[kMostDotRows * kQuantRows];
    const int count = static_cast<int>(std::min(limit, rows - row));
    for (int r = 0; r < count; ++r) hwy::Prefetch(one.product.y + (first + row + r) * one.product.y_stride + n);
    kernel.dot({x + row * row_size, count, *one.weight, one.weight->panel(panel), sums});
    store(one.product, first + row, n, count, std::min(kQuantRows, one.weight->out - n), sums);
  };
  std::int64_t units = 0;
  for (const QuantizedProduct& one : products) units += one.weight->panels() * row_blocks;
  const std::int64_t unit_cost = kQuantRows * w.in * std::min(limit, rows);
  parallel_for(units, std::max<std::int64_t>(1, 98304 / unit_cost), [&](std::int64_t begin, std::int64_t end) {
    for (const QuantizedProduct& one : products) {
      const std::int64_t own = one.weight->panels() * row_blocks;
      for (std::int64_t unit = std::max<std::int64_t>(0, begin); unit < std::min(own, end); ++unit) run(one, unit);
      begin -= own;
      end -= own;
    }
  });
}

void multiply_with(const DotKernel& kernel, std::span<const QuantizedProduct> products) {
  const std::int64_t rows = products.front().product.m;
  for (std::int64_t row = 0; row < rows; row += kMostRows)
    multiply_part(kernel, products, row, std::min(kMostRows, rows - row));
}

}  // namespace

bool same_blocks(const QuantizedMatrix& a, const QuantizedMatrix& b) {
  return a.in == b.in && a.bits == b.bits && a.block == b.block && a.zero_point == b.zero_point && a.affine == b.affine;
}

void multiply_quantized(std::span<const QuantizedProduct> products) { multiply_with(dot_kernel(), products); }

bool multiply_quantized_bf16(std::span<const QuantizedProduct> products) {
  if (bf16_dot_kernel() == nullptr) return false;
  multiply_with(*bf16_dot_kernel(), products);
  return true;
}

const char* quantized_kernel_name() { return dot_kernel().name; }

}  // namespace linnet::cpu
#endif
