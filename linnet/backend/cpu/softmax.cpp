#include "linnet/backend/cpu/targets.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "linnet/backend/cpu/softmax.cpp"
#include "hwy/foreach_target.h"
// After foreach_target.h: everything below is compiled once per target.
#include <algorithm>
#include <cmath>

#include "hwy/highway.h"
#include "linnet/backend/cpu/for_each-inl.h"
#include "linnet/backend/cpu/math-inl.h"
#include "linnet/backend/cpu/rows.h"

HWY_BEFORE_NAMESPACE();
namespace linnet::cpu {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

float Largest(const float* x, std::int64_t n) {
  const FloatTag d;
  const std::int64_t lanes = static_cast<std::int64_t>(hn::Lanes(d));
  float top = x[0];
  std::int64_t i = 0;
  if (n >= lanes) {
    auto most = hn::LoadU(d, x);
    for (i = lanes; i + lanes <= n; i += lanes) most = hn::Max(most, hn::LoadU(d, x + i));
    top = hn::GetLane(hn::MaxOfLanes(d, most));
  }
  for (; i < n; ++i) top = std::max(top, x[i]);
  return top;
}

// Sum of e^(x - top): chunks in f32, their sums in double.
double SumOfExp(const float* x, std::int64_t n, float top) {
  constexpr std::int64_t kChunk = 4096;
  double total = 0;
  for (std::int64_t first = 0; first < n; first += kChunk) {
    const float* const from = x + first;
    total += static_cast<double>(SumEach(std::min(kChunk, n - first), [&](auto d, std::int64_t i) HWY_ATTR {
      return Exp(d, hn::Sub(hn::LoadU(d, from + i), hn::Set(d, top)));
    }));
  }
  return total;
}

void LogSoftmaxRow(const float* x, float* y, std::int64_t n) {
  const float top = Largest(x, n);
  const auto log_sum = static_cast<float>(std::log(SumOfExp(x, n, top)));
  ForEach(0, n, [&](auto d, std::int64_t i) HWY_ATTR {
    hn::StoreU(hn::Sub(hn::Sub(hn::LoadU(d, x + i), hn::Set(d, top)), hn::Set(d, log_sum)), d, y + i);
  });
}

// y = factor e^(x - shift) - minus [- minus_each], the gradient of a row without its target.
void SoftmaxGradRow(const float* x, float* y, std::int64_t n, float shift, float factor, float minus,
                    const float* minus_each) {
  ForEach(0, n, [&](auto d, std::int64_t i) HWY_ATTR {
    const auto p = Exp(d, hn::Sub(hn::LoadU(d, x + i), hn::Set(d, shift)));
    auto off = hn::Set(d, minus);
    if (minus_each != nullptr) off = hn::Mul(off, hn::LoadU(d, minus_each + i));
    hn::StoreU(hn::MulSub(p, hn::Set(d, factor), off), d, y + i);
  });
}

double SumOf(const float* x, const float* weights, std::int64_t n) {
  constexpr std::int64_t kChunk = 4096;
  double total = 0;
  for (std::int64_t first = 0; first < n; first += kChunk)
    total += static_cast<double>(SumEach(std::min(kChunk, n - first), [&](auto d, std::int64_t i) HWY_ATTR {
      const auto value = hn::LoadU(d, x + first + i);
      return weights == nullptr ? value : hn::Mul(value, hn::LoadU(d, weights + first + i));
    }));
  return total;
}

}  // namespace HWY_NAMESPACE
}  // namespace linnet::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "linnet/backend/cpu/scratch.h"
#include "linnet/base/parallel.h"

namespace linnet::cpu {
HWY_EXPORT(Largest);
HWY_EXPORT(SumOfExp);
HWY_EXPORT(LogSoftmaxRow);
HWY_EXPORT(SoftmaxGradRow);
HWY_EXPORT(SumOf);
namespace {

std::int64_t row_grain(std::int64_t cols) { return std::max<std::int64_t>(1, 8192 / std::max<std::int64_t>(1, cols)); }

struct RowLoss {
  double loss, weight;
};

// -(1 - s) w[t] log p[t] - s / C sum_c w[c] log p[c], as PyTorch defines smoothing and class weights together.
RowLoss loss_row(const CrossEntropyArgs& a, std::int64_t r, double weight_sum) noexcept {
  const std::int32_t target = a.targets[r];
  const float* const x = a.logits + r * a.stride;
  const float top = HWY_DYNAMIC_DISPATCH(Largest)(x, a.cols);
  const double log_sum = static_cast<double>(top) + std::log(HWY_DYNAMIC_DISPATCH(SumOfExp)(x, a.cols, top));
  const double weight = a.class_weights == nullptr ? 1.0 : static_cast<double>(a.class_weights[target]);
  const double smooth = static_cast<double>(a.label_smoothing) / static_cast<double>(a.cols);
  const double sharp = (1.0 - static_cast<double>(a.label_smoothing)) * weight;
  RowLoss row{sharp * (log_sum - static_cast<double>(x[target])), weight};
  if (smooth > 0) row.loss += smooth * (weight_sum * log_sum - HWY_DYNAMIC_DISPATCH(SumOf)(x, a.class_weights, a.cols));
  if (a.dlogits != nullptr) {
    float* const dx = a.dlogits + r * a.dlogits_stride;
    HWY_DYNAMIC_DISPATCH(SoftmaxGradRow)
    (x, dx, a.cols, static_cast<float>(log_sum), static_cast<float>(sharp + smooth * weight_sum),
     static_cast<float>(smooth), a.class_weights);
    dx[target] -= static_cast<float>(sharp);
  }
  return row;
}

}  // namespace

void log_softmax(const float* x, float* y, std::int64_t rows, std::int64_t cols) {
  const auto row = HWY_DYNAMIC_DISPATCH(LogSoftmaxRow);
  parallel_for(rows, row_grain(cols), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = begin; r < end; ++r) row(x + r * cols, y + r * cols, cols);
  });
}

void cross_entropy(const CrossEntropyArgs& a) {
  double weight_sum = static_cast<double>(a.cols);
  if (a.class_weights != nullptr) weight_sum = HWY_DYNAMIC_DISPATCH(SumOf)(a.class_weights, nullptr, a.cols);
  auto* const rows = scratch<ScratchFor::kReduce, RowLoss>(a.rows);
  parallel_for(a.rows, row_grain(a.cols), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = begin; r < end; ++r) {
      rows[r] = {0, 0};
      if (a.targets[r] >= 0)
        rows[r] = loss_row(a, r, weight_sum);
      else if (a.dlogits != nullptr)
        std::fill_n(a.dlogits + r * a.dlogits_stride, a.cols, 0.0F);
    }
  });
  *a.loss = 0;
  *a.weight = 0;
  for (std::int64_t r = 0; r < a.rows; ++r) {  // in order: the same bits for any number of threads
    *a.loss += rows[r].loss;
    *a.weight += rows[r].weight;
  }
}

}  // namespace linnet::cpu
#endif
