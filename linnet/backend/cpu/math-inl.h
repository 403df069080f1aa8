// exp, tanh and erf of vectors, within a few units in the last place (polynomials of the Cephes library, S. Moshier).
#if defined(LINNET_MATH_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef LINNET_MATH_INL_H
#undef LINNET_MATH_INL_H
#else
#define LINNET_MATH_INL_H
#endif

#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace linnet::cpu {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// e^x: 0 below -87.3, capped at e^88; NaN stays NaN.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V Exp(D d, V x) {
  const hn::RebindToSigned<D> di;
  const auto tiny = hn::Lt(x, hn::Set(d, -87.3F));
  const V nan_safe = hn::IfThenElse(hn::IsNaN(x), hn::Zero(d), x);
  const V capped = hn::Min(hn::Max(nan_safe, hn::Set(d, -87.3F)), hn::Set(d, 88.0F));
  const auto power = hn::NearestInt(hn::Mul(capped, hn::Set(d, 1.44269504088896341F)));
  const V n = hn::ConvertTo(d, power);
  V r = hn::NegMulAdd(n, hn::Set(d, 0.693359375F), capped);
  r = hn::NegMulAdd(n, hn::Set(d, -2.12194440e-4F), r);
  V p = hn::Set(d, 1.9875691500e-4F);
  p = hn::MulAdd(p, r, hn::Set(d, 1.3981999507e-3F));
  p = hn::MulAdd(p, r, hn::Set(d, 8.3334519073e-3F));
  p = hn::MulAdd(p, r, hn::Set(d, 4.1665795894e-2F));
  p = hn::MulAdd(p, r, hn::Set(d, 1.6666665459e-1F));
  p = hn::MulAdd(p, r, hn::Set(d, 5.0000001201e-1F));
  p = hn::Add(hn::MulAdd(p, hn::Mul(r, r), r), hn::Set(d, 1.0F));
  const V scale = hn::BitCast(d, hn::ShiftLeft<23>(hn::Add(power, hn::Set(di, 127))));
  const V result = hn::IfThenElse(tiny, hn::Zero(d), hn::Mul(p, scale));
  return hn::IfThenElse(hn::IsNaN(x), x, result);
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V Tanh(D d, V x) {
  const V one = hn::Set(d, 1.0F), size = hn::Abs(x);
  const V e = Exp(d, hn::Mul(size, hn::Set(d, -2.0F)));
  const V large = hn::CopySign(hn::Div(hn::Sub(one, e), hn::Add(one, e)), x);
  const V z = hn::Mul(x, x);
  V p = hn::Set(d, -5.70498872745e-3F);
  p = hn::MulAdd(p, z, hn::Set(d, 2.06390887954e-2F));
  p = hn::MulAdd(p, z, hn::Set(d, -5.37397155531e-2F));
  p = hn::MulAdd(p, z, hn::Set(d, 1.33314422036e-1F));
  p = hn::MulAdd(p, z, hn::Set(d, -3.33332819422e-1F));
  const V small = hn::MulAdd(hn::Mul(p, z), x, x);
  return hn::IfThenElse(hn::Lt(size, hn::Set(d, 0.625F)), small, large);
}

// erf(x), given e^(-x²): below 1 a polynomial, above it Abramowitz and Stegun 7.1.26 (error 1.5e-7).
template <class D, class V = hn::Vec<D>>
HWY_INLINE V Erf(D d, V x, V exp_minus_square) {
  const V one = hn::Set(d, 1.0F), size = hn::Abs(x), z = hn::Mul(x, x);
  V p = hn::Set(d, 7.853861353153693e-5F);
  p = hn::MulAdd(p, z, hn::Set(d, -8.010193625184903e-4F));
  p = hn::MulAdd(p, z, hn::Set(d, 5.188327685732524e-3F));
  p = hn::MulAdd(p, z, hn::Set(d, -2.685381193529856e-2F));
  p = hn::MulAdd(p, z, hn::Set(d, 1.128358514861418e-1F));
  p = hn::MulAdd(p, z, hn::Set(d, -3.761262582423300e-1F));
  p = hn::MulAdd(p, z, hn::Set(d, 1.128379165726710F));
  const V t = hn::Div(one, hn::MulAdd(size, hn::Set(d, 0.3275911F), one));
  V q = hn::Set(d, 1.061405429F);
  q = hn::MulAdd(q, t, hn::Set(d, -1.453152027F));
  q = hn::MulAdd(q, t, hn::Set(d, 1.421413741F));
  q = hn::MulAdd(q, t, hn::Set(d, -0.284496736F));
  q = hn::MulAdd(q, t, hn::Set(d, 0.254829592F));
  const V large = hn::CopySign(hn::NegMulAdd(hn::Mul(q, t), exp_minus_square, one), x);
  return hn::IfThenElse(hn::Lt(size, one), hn::Mul(p, x), large);
}

}  // namespace HWY_NAMESPACE
}  // namespace linnet::cpu
HWY_AFTER_NAMESPACE();
#endif
