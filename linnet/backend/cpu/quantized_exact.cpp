// Quantised weights times f32 activations that are not rounded: panels made f32 for the f32 product.
#include "linnet/backend/cpu/targets.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "linnet/backend/cpu/quantized_exact.cpp"
#include "hwy/foreach_target.h"
// After foreach_target.h: everything below is compiled once a target.
#include <algorithm>
#include <cstring>

#include "hwy/highway.h"
#include "linnet/backend/cpu/quantized.h"

HWY_BEFORE_NAMESPACE();
namespace linnet::cpu {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Blocks first … last of a panel of 16 outputs to f32, [k][32]; `to` is at the panel's first column.
void WidenBlocks(const QuantizedMatrix& w, std::int64_t panel, std::int64_t first, std::int64_t last, float* to) {
  const hn::CappedTag<float, 16> d;
  const hn::RebindToSigned<decltype(d)> d32;
  const hn::Rebind<hwy::float16_t, decltype(d)> d16;
  const int lanes = static_cast<int>(hn::Lanes(d)), groups = static_cast<int>(w.block / 4);
  const int vectors = w.bits == 4 ? groups / 2 : groups;
  const auto* const base = reinterpret_cast<const std::uint8_t*>(w.data.get()) + panel * w.panel_bytes;
  const auto load = [&](std::int64_t at, std::int64_t index) HWY_ATTR {
    if (w.wide_scales) return hn::LoadU(d, reinterpret_cast<const float*>(base + at) + index);
    return hn::PromoteTo(d, hn::LoadU(d16, reinterpret_cast<const hwy::float16_t*>(base + at) + index));
  };
  const auto mask = hn::Set(d32, w.bits == 4 ? 15 : 255), zero = hn::Set(d32, w.zero_point);
  for (std::int64_t block = first; block < last; ++block, to += w.block * kPanel)
    for (int n = 0; n < kQuantRows; n += lanes) {
      const auto scale = load(w.scales_at, block * kQuantRows + n);
      const auto offset = w.affine ? load(w.offsets_at, block * kQuantRows + n) : hn::Zero(d);
      for (int g = 0; g < groups; ++g) {
        const auto* const at = reinterpret_cast<const std::int32_t*>(base + (block * vectors + g % vectors) * 64) + n;
        auto fours = hn::BitCast(hn::RebindToUnsigned<decltype(d)>(), hn::LoadU(d32, at));
        if (g >= vectors) fours = hn::ShiftRight<4>(fours);
        for (int i = 0; i < 4; ++i) {
          const auto q = hn::Sub(hn::And(hn::BitCast(d32, fours), mask), zero);
          hn::StoreU(hn::MulAdd(hn::ConvertTo(d, q), scale, offset), d, to + (4 * g + i) * kPanel + n);
          fours = hn::ShiftRight<8>(fours);
        }
      }
    }
}

}  // namespace HWY_NAMESPACE
}  // namespace linnet::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace linnet::cpu {
HWY_EXPORT(WidenBlocks);

void multiply_quantized_exact(const Product& product, const QuantizedMatrix& w) {
  const auto widen = HWY_DYNAMIC_DISPATCH(WidenBlocks);
  multiply_panels(product, w.out, w.in, [&](std::int64_t panel, std::int64_t k_begin, std::int64_t k_end, float* out) {
    for (std::int64_t side = 0; side < 2; ++side) {
      const std::int64_t narrow = panel * 2 + side;
      if (narrow < w.panels())
        widen(w, narrow, k_begin / w.block, k_end / w.block, out + side * kQuantRows);
      else
        for (std::int64_t k = 0; k < k_end - k_begin; ++k) std::fill_n(out + k * kPanel + kQuantRows, kQuantRows, 0.0F);
    }
  });
}

}  // namespace linnet::cpu
#endif
