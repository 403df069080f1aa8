#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "linnet/backend/cpu/quantized.h"
#include "tests/backend/weights.h"

namespace linnet {
namespace {

class QuantizedExact : public ::testing::TestWithParam<DType> {};

// The same bits as the decoder of the file's blocks, for every slice and panel.
TEST_P(QuantizedExact, SlicesOfPanelsAreTheStoredWeights) {
  const std::int64_t out = 75, in = 512, step = 128;  // neither whole panels of 32 nor of 16
  const testing::Weight weight = testing::make_weight(GetParam(), out, in, WeightLayout::kOutIn, true);
  std::vector<float> stored(static_cast<std::size_t>(out * in));
  dequantize(GetParam(), weight.storage->data(), stored);
  const cpu::QuantizedMatrix packed = cpu::pack_quantized(weight.view);
  std::vector<float> slice(static_cast<std::size_t>(step * cpu::kPanel));
  for (std::int64_t panel = 0; panel * cpu::kPanel < out; ++panel)
    for (std::int64_t k = 0; k < in; k += step) {
      cpu::dequantize_panel(packed, panel, k, k + step, slice.data());
      for (std::int64_t i = 0; i < step; ++i)
        for (std::int64_t n = panel * cpu::kPanel; n < std::min(out, (panel + 1) * cpu::kPanel); ++n)
          ASSERT_EQ(slice[static_cast<std::size_t>(i * cpu::kPanel + n % cpu::kPanel)],
                    stored[static_cast<std::size_t>(n * in + k + i)])
              << "output " << n << ", input " << k + i;
    }
}

INSTANTIATE_TEST_SUITE_P(Blocks, QuantizedExact,
                         ::testing::Values(DType::kQ4_0, DType::kQ4_1, DType::kQ5_0, DType::kQ5_1, DType::kQ8_0,
                                           DType::kQ4_K, DType::kQ5_K, DType::kQ6_K, DType::kQ3_K, DType::kIQ4_NL,
                                           DType::kIQ4_XS),
                         [](const auto& p) { return std::string(::linnet::info(p.param).name); });

}  // namespace
}  // namespace linnet
