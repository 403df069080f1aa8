#include <gtest/gtest.h>

#include <vector>

#include "linnet/backend/cpu/random.h"

namespace linnet {
namespace {

TEST(CpuRandom, DropsWhatTheNumbersOneByOneDrop) {
  const PhiloxKey key{0x123456789ABCDEFULL, 0xFEDCBA9876543210ULL};
  for (const float p : {0.0F, 0.1F, 0.5F, 0.9F})
    for (const std::uint64_t first : {std::uint64_t{0}, std::uint64_t{8}, (std::uint64_t{1} << 34) - 16})
      for (const std::int64_t count : {1, 3, 64, 127, 128, 129, 1000}) {
        std::vector<float> factors(static_cast<std::size_t>(count), -1.0F);
        cpu::dropout_factors(key, p, first, count, factors.data());
        for (std::size_t i = 0; i < factors.size(); ++i) {
          const std::uint64_t number = first + i;
          const bool kept = philox(key, number / 4)[number % 4] >= static_cast<double>(p) * 0x1p32;
          ASSERT_EQ(factors[i], kept ? 1.0F / (1.0F - p) : 0.0F) << "p " << p << " number " << number;
        }
      }
}

}  // namespace
}  // namespace linnet
