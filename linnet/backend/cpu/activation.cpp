#include "linnet/backend/cpu/targets.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "linnet/backend/cpu/activation.cpp"
#include "hwy/foreach_target.h"
// After foreach_target.h: everything below is compiled once per target.
#include "hwy/highway.h"
#include "linnet/backend/cpu/elementwise.h"
#include "linnet/backend/cpu/for_each-inl.h"
#include "linnet/backend/cpu/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace linnet::cpu {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class V>
struct ValueAndSlope {
  V value, slope;
};

template <class D, class V = hn::Vec<D>>
HWY_INLINE V Sigmoid(D d, V x) {
  return hn::Div(hn::Set(d, 1.0F), hn::Add(hn::Set(d, 1.0F), Exp(d, hn::Neg(x))));
}

// f(x) and f'(x); the compiler drops the unused one after inlining.
template <Activation kKind, class D, class V = hn::Vec<D>>
HWY_INLINE ValueAndSlope<V> Apply(D d, V x) {
  const V one = hn::Set(d, 1.0F), half = hn::Set(d, 0.5F);
  if constexpr (kKind == Activation::kRelu) {
    const auto positive = hn::Gt(x, hn::Zero(d));
    return {hn::IfThenZeroElse(hn::Le(x, hn::Zero(d)), x), hn::IfThenElseZero(positive, one)};
  } else if constexpr (kKind == Activation::kGelu) {
    const V exponential = Exp(d, hn::Mul(hn::Mul(x, x), hn::Set(d, -0.5F)));
    const V erf = Erf(d, hn::Mul(x, hn::Set(d, 0.70710678118654752F)), exponential);
    const V share = hn::MulAdd(erf, half, half);
    return {hn::Mul(x, share), hn::MulAdd(hn::Mul(x, exponential), hn::Set(d, 0.39894228040143268F), share)};
  } else if constexpr (kKind == Activation::kGeluTanh) {
    const V root = hn::Set(d, 0.79788456080286536F), cubic = hn::Set(d, 0.044715F), square = hn::Mul(x, x);
    const V tanh = Tanh(d, hn::Mul(hn::Mul(root, x), hn::MulAdd(cubic, square, one)));
    const V share = hn::MulAdd(tanh, half, half);
    const V inner = hn::Mul(root, hn::MulAdd(hn::Mul(hn::Set(d, 3.0F), cubic), square, one));
    const V turn = hn::Mul(hn::NegMulAdd(tanh, tanh, one), inner);
    return {hn::Mul(x, share), hn::MulAdd(hn::Mul(half, x), turn, share)};
  } else if constexpr (kKind == Activation::kSilu) {
    const V share = Sigmoid(d, x);
    return {hn::Mul(x, share), hn::Mul(share, hn::MulAdd(x, hn::Sub(one, share), one))};
  } else if constexpr (kKind == Activation::kTanh) {
    const V tanh = Tanh(d, x);
    return {tanh, hn::NegMulAdd(tanh, tanh, one)};
  } else if constexpr (kKind == Activation::kSigmoid) {
    const V share = Sigmoid(d, x);
    return {share, hn::Mul(share, hn::Sub(one, share))};
  } else {
    return {x, one};
  }
}

template <Activation kKind>
void Forward(const ActivationArgs& a, std::int64_t begin, std::int64_t end) {
  ForEach(begin, end, [&](auto d, std::int64_t i) HWY_ATTR {
    auto value = Apply<kKind>(d, hn::LoadU(d, a.x + i)).value;
    if (a.gate_with != nullptr) value = hn::Mul(value, hn::LoadU(d, a.gate_with + i));
    hn::StoreU(value, d, a.y + i);
  });
}

template <Activation kKind>
void Backward(const ActivationGradArgs& a, std::int64_t begin, std::int64_t end) {
  ForEach(begin, end, [&](auto d, std::int64_t i) HWY_ATTR {
    const auto f = Apply<kKind>(d, hn::LoadU(d, a.x + i));
    const auto dy = hn::LoadU(d, a.dy + i);
    auto dx = hn::Mul(dy, f.slope);
    if (a.gate_with != nullptr) dx = hn::Mul(dx, hn::LoadU(d, a.gate_with + i));
    if (a.dgate_with != nullptr) hn::StoreU(hn::Mul(dy, f.value), d, a.dgate_with + i);
    if (a.dx != nullptr) hn::StoreU(dx, d, a.dx + i);
  });
}

void ActivationRange(const ActivationArgs& a, std::int64_t begin, std::int64_t end) {
  switch (a.kind) {
    case Activation::kIdentity:
      return Forward<Activation::kIdentity>(a, begin, end);
    case Activation::kRelu:
      return Forward<Activation::kRelu>(a, begin, end);
    case Activation::kGelu:
      return Forward<Activation::kGelu>(a, begin, end);
    case Activation::kGeluTanh:
      return Forward<Activation::kGeluTanh>(a, begin, end);
    case Activation::kSilu:
      return Forward<Activation::kSilu>(a, begin, end);
    case Activation::kTanh:
      return Forward<Activation::kTanh>(a, begin, end);
    case Activation::kSigmoid:
      return Forward<Activation::kSigmoid>(a, begin, end);
  }
}

void ActivationGradRange(const ActivationGradArgs& a, std::int64_t begin, std::int64_t end) {
  switch (a.kind) {
    case Activation::kIdentity:
      return Backward<Activation::kIdentity>(a, begin, end);
    case Activation::kRelu:
      return Backward<Activation::kRelu>(a, begin, end);
    case Activation::kGelu:
      return Backward<Activation::kGelu>(a, begin, end);
    case Activation::kGeluTanh:
      return Backward<Activation::kGeluTanh>(a, begin, end);
    case Activation::kSilu:
      return Backward<Activation::kSilu>(a, begin, end);
    case Activation::kTanh:
      return Backward<Activation::kTanh>(a, begin, end);
    case Activation::kSigmoid:
      return Backward<Activation::kSigmoid>(a, begin, end);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace linnet::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "linnet/base/parallel.h"

namespace linnet::cpu {
HWY_EXPORT(ActivationRange);
HWY_EXPORT(ActivationGradRange);
namespace {
constexpr std::int64_t kGrain = 8192;
}

void activation(const ActivationArgs& a) {
  const auto range = HWY_DYNAMIC_DISPATCH(ActivationRange);
  parallel_for(a.n, kGrain, [&](std::int64_t begin, std::int64_t end) { range(a, begin, end); });
}
void activation_grad(const ActivationGradArgs& a) {
  const auto range = HWY_DYNAMIC_DISPATCH(ActivationGradRange);
  parallel_for(a.n, kGrain, [&](std::int64_t begin, std::int64_t end) { range(a, begin, end); });
}

}  // namespace linnet::cpu
#endif
