#include "linnet/backend/cpu/elementwise.h"

#include "linnet/backend/cpu/targets.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "linnet/backend/cpu/elementwise.cpp"
#include "hwy/foreach_target.h"
// After foreach_target.h: everything below is compiled once per target.
#include <cmath>

#include "hwy/highway.h"
#include "linnet/backend/cpu/for_each-inl.h"

HWY_BEFORE_NAMESPACE();
namespace linnet::cpu {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

void AddRange(const float* a, const float* b, float* y, std::int64_t begin, std::int64_t end) {
  ForEach(begin, end, [&](auto d, std::int64_t i) HWY_ATTR {
    hn::StoreU(hn::Add(hn::LoadU(d, a + i), hn::LoadU(d, b + i)), d, y + i);
  });
}
void MultiplyRange(const float* a, const float* b, float* y, std::int64_t begin, std::int64_t end) {
  ForEach(begin, end, [&](auto d, std::int64_t i) HWY_ATTR {
    hn::StoreU(hn::Mul(hn::LoadU(d, a + i), hn::LoadU(d, b + i)), d, y + i);
  });
}
void AxpyRange(float alpha, const float* x, float* y, std::int64_t begin, std::int64_t end) {
  ForEach(begin, end, [&](auto d, std::int64_t i) HWY_ATTR {
    hn::StoreU(hn::MulAdd(hn::Set(d, alpha), hn::LoadU(d, x + i), hn::LoadU(d, y + i)), d, y + i);
  });
}
void ScaleRange(const float* x, float alpha, float* y, std::int64_t begin, std::int64_t end) {
  ForEach(begin, end, [&](auto d, std::int64_t i) HWY_ATTR {
    hn::StoreU(hn::Mul(hn::Set(d, alpha), hn::LoadU(d, x + i)), d, y + i);
  });
}
void ColumnRange(const float* x, std::int64_t stride, std::int64_t rows, bool accumulate, float* sums,
                 std::int64_t begin, std::int64_t end) {
  ForEach(begin, end, [&](auto d, std::int64_t i) HWY_ATTR {
    auto sum = accumulate ? hn::LoadU(d, sums + i) : hn::Zero(d);
    for (std::int64_t r = 0; r < rows; ++r) sum = hn::Add(sum, hn::LoadU(d, x + r * stride + i));
    hn::StoreU(sum, d, sums + i);
  });
}
float SquaresRange(const float* x, std::int64_t n) {
  return SumEach(n, [&](auto d, std::int64_t i) HWY_ATTR {
    const auto value = hn::LoadU(d, x + i);
    return hn::Mul(value, value);
  });
}

void AdamRange(const AdamArgs& a, std::int64_t begin, std::int64_t end) {
  const float root_correction = 1.0F / std::sqrt(a.correction2), step = a.learning_rate / a.correction1;
  const float shrink = a.decoupled ? a.learning_rate * a.weight_decay : 0.0F;
  const float coupled = a.decoupled ? 0.0F : a.weight_decay;
  ForEach(begin, end, [&](auto d, std::int64_t i) HWY_ATTR {
    const auto weight = hn::LoadU(d, a.weight + i);
    const auto grad =
        hn::MulAdd(weight, hn::Set(d, coupled), hn::Mul(hn::LoadU(d, a.grad + i), hn::Set(d, a.grad_scale)));
    const auto m = hn::MulAdd(hn::Set(d, a.beta1), hn::LoadU(d, a.m + i), hn::Mul(hn::Set(d, 1.0F - a.beta1), grad));
    const auto v = hn::MulAdd(hn::Set(d, a.beta2), hn::LoadU(d, a.v + i),
                              hn::Mul(hn::Set(d, 1.0F - a.beta2), hn::Mul(grad, grad)));
    const auto root = hn::MulAdd(hn::Sqrt(v), hn::Set(d, root_correction), hn::Set(d, a.eps));
    const auto change = hn::Div(hn::Mul(hn::Set(d, step), m), root);
    hn::StoreU(m, d, a.m + i);
    hn::StoreU(v, d, a.v + i);
    hn::StoreU(hn::Sub(hn::NegMulAdd(weight, hn::Set(d, shrink), weight), change), d, a.weight + i);
  });
}

}  // namespace HWY_NAMESPACE
}  // namespace linnet::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <algorithm>
#include <vector>

#include "linnet/backend/cpu/random.h"
#include "linnet/backend/cpu/scratch.h"
#include "linnet/base/parallel.h"

namespace linnet::cpu {
HWY_EXPORT(AddRange);
HWY_EXPORT(MultiplyRange);
HWY_EXPORT(AxpyRange);
HWY_EXPORT(ScaleRange);
HWY_EXPORT(SquaresRange);
HWY_EXPORT(AdamRange);
HWY_EXPORT(ColumnRange);
namespace {

constexpr std::int64_t kGrain = 32768;  // minimum number of values per thread

}  // namespace

void add(const float* a, const float* b, float* y, std::int64_t n) {
  const auto range = HWY_DYNAMIC_DISPATCH(AddRange);
  parallel_for(n, kGrain, [&](std::int64_t begin, std::int64_t end) { range(a, b, y, begin, end); });
}
void multiply(const float* a, const float* b, float* y, std::int64_t n) {
  const auto range = HWY_DYNAMIC_DISPATCH(MultiplyRange);
  parallel_for(n, kGrain, [&](std::int64_t begin, std::int64_t end) { range(a, b, y, begin, end); });
}
void axpy(float alpha, const float* x, float* y, std::int64_t n) {
  const auto range = HWY_DYNAMIC_DISPATCH(AxpyRange);
  parallel_for(n, kGrain, [&](std::int64_t begin, std::int64_t end) { range(alpha, x, y, begin, end); });
}
void scale(const float* x, float alpha, float* y, std::int64_t n) {
  const auto range = HWY_DYNAMIC_DISPATCH(ScaleRange);
  parallel_for(n, kGrain, [&](std::int64_t begin, std::int64_t end) { range(x, alpha, y, begin, end); });
}

// Sums chunks of a fixed size in f32, then the chunks in double: same bits for any number of threads.
double sum_squares(const float* x, std::int64_t n) {
  constexpr std::int64_t kChunk = 1024;
  const std::int64_t chunks = (n + kChunk - 1) / kChunk;
  float* const sums = scratch<ScratchFor::kReduce>(chunks);
  const auto range = HWY_DYNAMIC_DISPATCH(SquaresRange);
  parallel_for(chunks, kGrain / kChunk, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t c = begin; c < end; ++c) sums[c] = range(x + c * kChunk, std::min(kChunk, n - c * kChunk));
  });
  double total = 0;
  for (std::int64_t c = 0; c < chunks; ++c) total += static_cast<double>(sums[c]);
  return total;
}

void column_sums(const float* x, std::int64_t stride, std::int64_t rows, std::int64_t cols, bool accumulate,
                 float* sums) {
  const auto range = HWY_DYNAMIC_DISPATCH(ColumnRange);
  parallel_for(cols, std::max<std::int64_t>(64, kGrain / std::max<std::int64_t>(1, rows)),
               [&](std::int64_t begin, std::int64_t end) { range(x, stride, rows, accumulate, sums, begin, end); });
}

void dropout(const DropoutArgs& a) {
  constexpr std::int64_t kChunk = 1024;
  const auto range = HWY_DYNAMIC_DISPATCH(MultiplyRange);
  parallel_for((a.n + kChunk - 1) / kChunk, 8, [&](std::int64_t begin, std::int64_t end) {
    float factors[kChunk];
    for (std::int64_t i = begin * kChunk; i < std::min(a.n, end * kChunk); i += kChunk) {
      const std::int64_t count = std::min(kChunk, a.n - i);
      dropout_factors(a.key, a.p, static_cast<std::uint64_t>(i), count, factors);
      range(a.x + i, factors, a.y + i, 0, count);
    }
  });
}

void adam(const AdamArgs& a) {
  const auto range = HWY_DYNAMIC_DISPATCH(AdamRange);
  parallel_for(a.n, kGrain, [&](std::int64_t begin, std::int64_t end) { range(a, begin, end); });
}

}  // namespace linnet::cpu
#endif
