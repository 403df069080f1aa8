#include "linnet/base/rng.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

namespace linnet {
namespace {

using Block = std::array<std::uint32_t, 4>;

// The known answers of Random123 (kat_vectors, philox 4x32, 10 rounds).
TEST(Philox, KnownAnswers) {
  EXPECT_EQ(philox({0, 0}, 0), (Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox({~0ULL, ~0ULL}, ~0ULL), (Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox({0x299f31d0'a4093822, 0x03707344'13198a2e}, 0x85a308d3'243f6a88),
            (Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Rng, WalksItsStreamAndResumesAnywhere) {
  Rng rng(5, 9);
  for (std::uint64_t i = 0; i < 10; ++i) EXPECT_EQ(rng.next_u32(), philox({5, 9}, i / 4)[i % 4]);
  EXPECT_EQ(rng.position(), 10U);
  Rng again(5, 9, 10);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(rng.next_u64(), again.next_u64());
}

TEST(Rng, UniformsAreSpreadOverTheUnitInterval) {
  Rng rng(1);
  double sum = 0, squares = 0;
  constexpr int n = 100'000;
  for (int i = 0; i < n; ++i) {
    const double u = rng.uniform();
    ASSERT_GE(u, 0);
    ASSERT_LT(u, 1);
    sum += u, squares += u * u;
  }
  EXPECT_NEAR(sum / n, 0.5, 0.004);
  EXPECT_NEAR(squares / n, 1.0 / 3, 0.004);
}

TEST(Rng, NormalsHaveTheirMoments) {
  Rng rng(2);
  double m1 = 0, m2 = 0, m4 = 0;
  constexpr int n = 100'000;
  for (int i = 0; i < n; ++i) {
    const double x = rng.normal();
    m1 += x / n, m2 += x * x / n, m4 += x * x * x * x / n;
  }
  EXPECT_NEAR(m1, 0, 0.015);
  EXPECT_NEAR(m2, 1, 0.02);
  EXPECT_NEAR(m4, 3, 0.15);
}

TEST(Rng, BelowReachesEveryNumberEvenly) {
  Rng rng(3);
  std::vector<int> counts(7);
  for (int i = 0; i < 70'000; ++i) ++counts[rng.below(7)];
  for (const int count : counts) EXPECT_NEAR(count, 10'000, 400);
  EXPECT_EQ(rng.below(1), 0U);
  for (int i = 0; i < 100; ++i) EXPECT_LT(rng.below((1ULL << 63) + 1), (1ULL << 63) + 1);
}

TEST(Rng, ShufflesKeepEveryItemAndFollowTheSeed) {
  std::vector<int> items(50);
  std::iota(items.begin(), items.end(), 0);
  auto a = items, b = items, c = items;
  Rng(4).shuffle(a), Rng(4).shuffle(b), Rng(5).shuffle(c);
  EXPECT_EQ(a, b);
  EXPECT_NE(a, c);
  EXPECT_NE(a, items);
  std::sort(a.begin(), a.end());
  EXPECT_EQ(a, items);
}

// Each of the 24 orders of four items is about equally frequent.
TEST(Rng, ShufflesAreUniform) {
  Rng rng(6);
  std::vector<int> counts(256);
  for (int i = 0; i < 24'000; ++i) {
    std::array<int, 4> items{0, 1, 2, 3};
    rng.shuffle(items);
    ++counts[static_cast<std::size_t>(items[0] | items[1] << 2 | items[2] << 4 | items[3] << 6)];
  }
  int orders = 0;
  for (const int count : counts) {
    orders += count > 0;
    EXPECT_TRUE(count == 0 || std::abs(count - 1000) < 150) << count;
  }
  EXPECT_EQ(orders, 24);
}

}  // namespace
}  // namespace linnet
