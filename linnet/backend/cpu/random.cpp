#include "linnet/backend/cpu/random.h"

#include "linnet/backend/cpu/targets.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "linnet/backend/cpu/random.cpp"
#include "hwy/foreach_target.h"
// After foreach_target.h: everything below is compiled once per target.
#include <algorithm>

#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace linnet::cpu {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_SCALAR
void PhiloxNumbers(PhiloxKey key, std::uint64_t block, std::uint32_t* out) {
  for (int i = 0; i < kRandomChunk; i += 4) std::ranges::copy(philox(key, block++), out + i);
}
#else
// Numbers of `kRandomChunk / 4` blocks from `block` on. A 64-bit lane is one block; a counter word is the lane's lower
// half, its upper half is never read.
void PhiloxNumbers(PhiloxKey key, std::uint64_t block, std::uint32_t* out) {
  const hn::CappedTag<std::uint64_t, 8> d;
  const hn::Repartition<std::uint32_t, decltype(d)> d32;
  const int lanes = static_cast<int>(hn::Lanes(d));
  const auto word = [&](std::uint64_t value) HWY_ATTR { return hn::Set(d, value & 0xFFFFFFFFU); };
  const auto times = [&](auto c, std::uint32_t factor)
                         HWY_ATTR { return hn::MulEven(hn::BitCast(d32, c), hn::Set(d32, factor)); };
  const auto lower = hn::Set(d, 0xFFFFFFFFU);
  for (int i = 0; i < kRandomChunk / 4; i += lanes) {
    const auto index = hn::Add(hn::Iota(d, static_cast<std::uint64_t>(i)), hn::Set(d, block));
    auto c0 = index, c1 = hn::ShiftRight<32>(index), c2 = word(key.stream), c3 = word(key.stream >> 32);
    auto k0 = static_cast<std::uint32_t>(key.seed), k1 = static_cast<std::uint32_t>(key.seed >> 32);
    for (int round = 0; round < 10; ++round) {
      const auto p0 = times(c0, 0xD2511F53U), p1 = times(c2, 0xCD9E8D57U);
      c0 = hn::Xor(hn::Xor(hn::ShiftRight<32>(p1), c1), word(k0));
      c2 = hn::Xor(hn::Xor(hn::ShiftRight<32>(p0), c3), word(k1));
      c1 = p1;
      c3 = p0;
      k0 += 0x9E3779B9U;
      k1 += 0xBB67AE85U;
    }
    const auto first = hn::Or(hn::And(c0, lower), hn::ShiftLeft<32>(c1));
    const auto second = hn::Or(hn::And(c2, lower), hn::ShiftLeft<32>(c3));
    hn::StoreInterleaved2(first, second, d, reinterpret_cast<std::uint64_t*>(out) + 2 * i);
  }
}
#endif

void Factors(const std::uint32_t* numbers, int count, std::uint32_t limit, float kept, float* factors) {
  const hn::CappedTag<float, 16> d;
  const hn::RebindToUnsigned<decltype(d)> d32;
  const int lanes = static_cast<int>(hn::Lanes(d));
  const auto least = hn::Set(d32, limit);
  int i = 0;
  for (; i + lanes <= count; i += lanes) {
    const auto number = hn::LoadU(d32, numbers + i);
    const auto keep = hn::RebindMask(d, hn::Eq(hn::Max(number, least), number));
    hn::StoreU(hn::IfThenElseZero(keep, hn::Set(d, kept)), d, factors + i);
  }
  for (; i < count; ++i) factors[i] = numbers[i] >= limit ? kept : 0.0F;
}

}  // namespace HWY_NAMESPACE
}  // namespace linnet::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace linnet::cpu {
HWY_EXPORT(PhiloxNumbers);
HWY_EXPORT(Factors);

void dropout_factors(PhiloxKey key, float p, std::uint64_t first, std::int64_t count, float* factors) {
  const auto limit = static_cast<std::uint32_t>(static_cast<double>(p) * 0x1p32);
  const float kept = 1.0F / (1.0F - p);
  alignas(64) std::uint32_t numbers[kRandomChunk];
  for (std::int64_t i = 0; i < count; i += kRandomChunk) {
    HWY_DYNAMIC_DISPATCH(PhiloxNumbers)(key, (first + static_cast<std::uint64_t>(i)) / 4, numbers);
    HWY_DYNAMIC_DISPATCH(Factors)
    (numbers, static_cast<int>(std::min<std::int64_t>(kRandomChunk, count - i)), limit, kept, factors + i);
  }
}

}  // namespace linnet::cpu
#endif
