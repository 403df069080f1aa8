// Runs body(tag, index) over whole vectors, then over single values.
#if defined(LINNET_FOR_EACH_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef LINNET_FOR_EACH_INL_H
#undef LINNET_FOR_EACH_INL_H
#else
#define LINNET_FOR_EACH_INL_H
#endif

#include <cstdint>

#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace linnet::cpu {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using FloatTag = hn::ScalableTag<float>;
using OneFloat = hn::CappedTag<float, 1>;

template <class Body>
HWY_INLINE void ForEach(std::int64_t begin, std::int64_t end, Body&& body) {
  const FloatTag d;
  const std::int64_t lanes = static_cast<std::int64_t>(hn::Lanes(d));
  std::int64_t i = begin;
  for (; i + lanes <= end; i += lanes) body(d, i);
  for (; i < end; ++i) body(OneFloat(), i);
}

// Sums the results of body(tag, index), four vectors at a time: the order depends on n only.
template <class Body>
HWY_INLINE float SumEach(std::int64_t n, Body&& body) {
  const FloatTag d;
  const std::int64_t lanes = static_cast<std::int64_t>(hn::Lanes(d));
  auto s0 = hn::Zero(d), s1 = hn::Zero(d), s2 = hn::Zero(d), s3 = hn::Zero(d);
  std::int64_t i = 0;
  for (; i + 4 * lanes <= n; i += 4 * lanes) {
    s0 = hn::Add(s0, body(d, i));
    s1 = hn::Add(s1, body(d, i + lanes));
    s2 = hn::Add(s2, body(d, i + 2 * lanes));
    s3 = hn::Add(s3, body(d, i + 3 * lanes));
  }
  for (; i + lanes <= n; i += lanes) s0 = hn::Add(s0, body(d, i));
  float sum = hn::GetLane(hn::SumOfLanes(d, hn::Add(hn::Add(s0, s1), hn::Add(s2, s3))));
  for (; i < n; ++i) sum += hn::GetLane(body(OneFloat(), i));
  return sum;
}

}  // namespace HWY_NAMESPACE
}  // namespace linnet::cpu
HWY_AFTER_NAMESPACE();
#endif
