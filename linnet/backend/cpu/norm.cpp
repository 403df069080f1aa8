#include "linnet/backend/cpu/norm.h"

#include "linnet/backend/cpu/targets.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "linnet/backend/cpu/norm.cpp"
#include "hwy/foreach_target.h"
// After foreach_target.h: everything below is compiled once per target.
#include <algorithm>
#include <cmath>

#include "hwy/highway.h"
#include "linnet/backend/cpu/for_each-inl.h"

HWY_BEFORE_NAMESPACE();
namespace linnet::cpu {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

void LayerNormRows(const NormArgs& a, std::int64_t begin, std::int64_t end) {
  const auto count = static_cast<float>(a.cols);
  for (std::int64_t r = begin; r < end; ++r) {
    const float* const x = a.x + r * a.cols;
    float* const y = a.y + r * a.cols;
    const float mean = SumEach(a.cols, [&](auto d, std::int64_t i) HWY_ATTR { return hn::LoadU(d, x + i); }) / count;
    const float variance = SumEach(a.cols,
                                   [&](auto d, std::int64_t i) HWY_ATTR {
                                     const auto off = hn::Sub(hn::LoadU(d, x + i), hn::Set(d, mean));
                                     return hn::Mul(off, off);
                                   }) /
                           count;
    const float rstd = 1.0F / std::sqrt(variance + a.eps);
    ForEach(0, a.cols, [&](auto d, std::int64_t i) HWY_ATTR {
      auto value = hn::Mul(hn::Sub(hn::LoadU(d, x + i), hn::Set(d, mean)), hn::Set(d, rstd));
      if (a.weight != nullptr) value = hn::Mul(value, hn::Add(hn::LoadU(d, a.weight + i), hn::Set(d, a.weight_offset)));
      if (a.bias != nullptr) value = hn::Add(value, hn::LoadU(d, a.bias + i));
      hn::StoreU(value, d, y + i);
    });
    if (a.mean != nullptr) a.mean[r] = mean;
    if (a.rstd != nullptr) a.rstd[r] = rstd;
  }
}

void RmsNormRows(const NormArgs& a, std::int64_t begin, std::int64_t end) {
  for (std::int64_t r = begin; r < end; ++r) {
    const float* const x = a.x + r * a.cols;
    float* const y = a.y + r * a.cols;
    const float squares = SumEach(a.cols, [&](auto d, std::int64_t i) HWY_ATTR {
      const auto value = hn::LoadU(d, x + i);
      return hn::Mul(value, value);
    });
    const float rstd = 1.0F / std::sqrt(squares / static_cast<float>(a.cols) + a.eps);
    ForEach(0, a.cols, [&](auto d, std::int64_t i) HWY_ATTR {
      auto value = hn::Mul(hn::LoadU(d, x + i), hn::Set(d, rstd));
      if (a.weight != nullptr) value = hn::Mul(value, hn::Add(hn::LoadU(d, a.weight + i), hn::Set(d, a.weight_offset)));
      if (a.bias != nullptr) value = hn::Add(value, hn::LoadU(d, a.bias + i));
      hn::StoreU(value, d, y + i);
    });
    if (a.rstd != nullptr) a.rstd[r] = rstd;
  }
}

// dx = rstd (g - [mean g] - xhat mean(g xhat)) with g = dy (weight + weight_offset); the bracket for layer norm only.
void NormGradRows(const NormGradArgs& a, bool centred, std::int64_t begin, std::int64_t end) {
  const float share = 1.0F / static_cast<float>(a.cols);
  for (std::int64_t r = begin; r < end; ++r) {
    const float *const x = a.x + r * a.cols, *const dy = a.dy + r * a.cols;
    float* const dx = a.dx + r * a.cols;
    const float mean = centred ? a.mean[r] : 0.0F, rstd = a.rstd[r];
    const auto scaled = [&](auto d, std::int64_t i) HWY_ATTR {
      const auto value = hn::LoadU(d, dy + i);
      if (a.weight == nullptr) return value;
      return hn::Mul(value, hn::Add(hn::LoadU(d, a.weight + i), hn::Set(d, a.weight_offset)));
    };
    const auto normal = [&](auto d, std::int64_t i) HWY_ATTR {
      return hn::Mul(hn::Sub(hn::LoadU(d, x + i), hn::Set(d, mean)), hn::Set(d, rstd));
    };
    const float mean_g = centred ? SumEach(a.cols, scaled) * share : 0.0F;
    const float mean_gx =
        SumEach(a.cols, [&](auto d, std::int64_t i) HWY_ATTR { return hn::Mul(scaled(d, i), normal(d, i)); }) * share;
    ForEach(0, a.cols, [&](auto d, std::int64_t i) HWY_ATTR {
      const auto off = hn::NegMulAdd(normal(d, i), hn::Set(d, mean_gx), hn::Sub(scaled(d, i), hn::Set(d, mean_g)));
      hn::StoreU(hn::Mul(off, hn::Set(d, rstd)), d, dx + i);
    });
  }
}

// Sums over the rows for columns begin … end.
void NormGradColumns(const NormGradArgs& a, bool centred, std::int64_t begin, std::int64_t end) {
  if (a.dweight != nullptr) std::fill(a.dweight + begin, a.dweight + end, 0.0F);
  if (a.dbias != nullptr) std::fill(a.dbias + begin, a.dbias + end, 0.0F);
  for (std::int64_t r = 0; r < a.rows; ++r) {
    const float *const x = a.x + r * a.cols, *const dy = a.dy + r * a.cols;
    const float mean = centred ? a.mean[r] : 0.0F, rstd = a.rstd[r];
    ForEach(begin, end, [&](auto d, std::int64_t i) HWY_ATTR {
      const auto g = hn::LoadU(d, dy + i);
      const auto normal = hn::Mul(hn::Sub(hn::LoadU(d, x + i), hn::Set(d, mean)), hn::Set(d, rstd));
      if (a.dweight != nullptr) hn::StoreU(hn::MulAdd(g, normal, hn::LoadU(d, a.dweight + i)), d, a.dweight + i);
      if (a.dbias != nullptr) hn::StoreU(hn::Add(g, hn::LoadU(d, a.dbias + i)), d, a.dbias + i);
    });
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace linnet::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "linnet/base/parallel.h"

namespace linnet::cpu {
HWY_EXPORT(LayerNormRows);
HWY_EXPORT(RmsNormRows);
HWY_EXPORT(NormGradRows);
HWY_EXPORT(NormGradColumns);
namespace {

constexpr std::int64_t kGrain = 16384;  // minimum number of values per thread
std::int64_t row_grain(std::int64_t cols) {
  return std::max<std::int64_t>(1, kGrain / std::max<std::int64_t>(1, cols));
}

void norm_grad(const NormGradArgs& a, bool centred) {
  const auto rows = HWY_DYNAMIC_DISPATCH(NormGradRows);
  const auto columns = HWY_DYNAMIC_DISPATCH(NormGradColumns);
  // Columns first, since dx may be dy.
  if (a.dweight != nullptr || a.dbias != nullptr)
    parallel_for(a.cols, std::max<std::int64_t>(64, kGrain / std::max<std::int64_t>(1, a.rows)),
                 [&](std::int64_t begin, std::int64_t end) { columns(a, centred, begin, end); });
  if (a.dx != nullptr)
    parallel_for(a.rows, row_grain(a.cols),
                 [&](std::int64_t begin, std::int64_t end) { rows(a, centred, begin, end); });
}

}  // namespace

void layer_norm(const NormArgs& a) {
  const auto rows = HWY_DYNAMIC_DISPATCH(LayerNormRows);
  parallel_for(a.rows, row_grain(a.cols), [&](std::int64_t begin, std::int64_t end) { rows(a, begin, end); });
}
void rms_norm(const NormArgs& a) {
  const auto rows = HWY_DYNAMIC_DISPATCH(RmsNormRows);
  parallel_for(a.rows, row_grain(a.cols), [&](std::int64_t begin, std::int64_t end) { rows(a, begin, end); });
}
void layer_norm_grad(const NormGradArgs& a) { norm_grad(a, true); }
void rms_norm_grad(const NormGradArgs& a) { norm_grad(a, false); }

}  // namespace linnet::cpu
#endif
