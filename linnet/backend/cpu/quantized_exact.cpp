// Converts quantised weights to f32 for the exact product, one slice of a panel at a time.
#include "linnet/backend/cpu/targets.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "linnet/backend/cpu/quantized_exact.cpp"
#include "hwy/foreach_target.h"
// After foreach_target.h: everything below is compiled once per target.
#include "hwy/cache_control.h"
#include "hwy/highway.h"
#include "linnet/backend/cpu/quantized.h"

HWY_BEFORE_NAMESPACE();
namespace linnet::cpu {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Lanes16 = hn::CappedTag<float, kQuantRows>;
using Ints16 = hn::RebindToSigned<Lanes16>;

// Loads scales or offsets, from output `lane` on.
HWY_INLINE hn::Vec<Lanes16> LoadScales(const std::uint8_t* at, int lane, bool wide) {
  const Lanes16 d;
  if (wide) return hn::LoadU(d, reinterpret_cast<const float*>(at) + lane);
  const hn::Rebind<hwy::float16_t, Lanes16> d16;
  return hn::PromoteTo(d, hn::LoadU(d16, reinterpret_cast<const hwy::float16_t*>(at) + lane));
}

// Decodes 16 outputs to rows [k][32]. scale * q is exact in f32 (11 bits by 8, 17 by 5, 18 by 5), so that only adding
// the offset rounds, fused or not.
template <int kBits>
void DequantizeHalf(const QuantizedMatrix& w, const std::uint8_t* panel, std::int64_t k_begin, std::int64_t k_end,
                    float* to) {
  const Lanes16 d;
  const Ints16 di;
  constexpr int kParts = 8 / kBits;  // parts per byte
  const auto low = hn::Set(di, (1 << kBits) - 1), zero = hn::Set(di, w.zero_point);
  const int lanes = static_cast<int>(hn::Lanes(d)), groups = w.block / 4 / kParts;
  const std::uint8_t* record = panel + k_begin / w.block * w.record;
  for (std::int64_t k = k_begin; k < k_end; k += w.block, to += w.block * kPanel, record += w.record)
    for (int lane = 0; lane < kQuantRows; lane += lanes) {
      const auto scale = LoadScales(record + w.scales_at, lane, w.wide_scales);
      const auto offset = w.affine ? LoadScales(record + w.offsets_at, lane, w.wide_scales) : hn::Zero(d);
      const auto* values = reinterpret_cast<const std::int32_t*>(record) + lane;
      for (int group = 0; group < groups; ++group, values += kQuantRows) {
        const auto fours = hn::LoadU(di, values);
        HWY_UNROLL(2)
        for (int part = 0; part < kParts; ++part) HWY_UNROLL(4)
        for (int i = 0; i < 4; ++i) {
          const auto q = hn::And(hn::ShiftRightSame(fours, 8 * i + kBits * part), low);
          const auto value = hn::MulAdd(hn::ConvertTo(d, hn::Sub(q, zero)), scale, offset);
          hn::StoreU(value, d, to + ((group + part * groups) * 4 + i) * kPanel + lane);
        }
      }
    }
}

// Prefetches the next slice while the caller multiplies: a panel is too short for the hardware prefetcher.
void PrefetchSlice(const QuantizedMatrix& w, const std::uint8_t* panel, std::int64_t k_begin, std::int64_t k_end) {
  const std::uint8_t* const end = panel + k_end / w.block * w.record;
  for (const std::uint8_t* p = panel + k_begin / w.block * w.record; p < end; p += 64) hwy::Prefetch(p);
}

void DequantizePanel(const QuantizedMatrix& w, std::int64_t panel, std::int64_t k_begin, std::int64_t k_end,
                     float* to) {
  for (std::int64_t half = 0; half < kPanel / kQuantRows; ++half, to += kQuantRows) {
    const std::int64_t index = panel * (kPanel / kQuantRows) + half;
    if (index >= w.panels()) return;  // columns past the last one: their results are not stored
    const std::uint8_t* const from = w.panel(index);
    constexpr std::int64_t kNext = kPanel / kQuantRows;
    if (index + kNext < w.panels()) PrefetchSlice(w, from + kNext * w.panel_bytes(), k_begin, k_end);
    w.bits == 4 ? DequantizeHalf<4>(w, from, k_begin, k_end, to) : DequantizeHalf<8>(w, from, k_begin, k_end, to);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace linnet::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace linnet::cpu {
HWY_EXPORT(DequantizePanel);
void dequantize_panel(const QuantizedMatrix& w, std::int64_t panel, std::int64_t k_begin, std::int64_t k_end,
                      float* to) {
  HWY_DYNAMIC_DISPATCH(DequantizePanel)(w, panel, k_begin, k_end, to);
}
}  // namespace linnet::cpu
#endif
