#include "tests/ops/gradient_check.h"

namespace linnet {
namespace {

using namespace testing;

TEST(Convert, FloatsStayThemselves) {
  const Tensor x = random_tensor({2, 32}, 1);
  EXPECT_TRUE(to_float(x).same(x));
  EXPECT_TRUE(cast(x, DType::kF32).same(x));
}

TEST(Convert, ThereAndBackIsWithinTheTypesStep) {
  const Tensor x = random_tensor({3, 64}, 1);
  const std::pair<DType, double> steps[] = {
      {DType::kF16, 0x1p-11}, {DType::kBF16, 0x1p-8}, {DType::kQ8_0, 1.0 / 200}, {DType::kQ4_1, 1.0 / 12}};
  for (const auto& [type, step] : steps) {
    const Tensor back = to_float(cast(x, type));
    for (std::size_t i = 0; i < 192; ++i)
      ASSERT_NEAR(back.data<float>()[i], x.data<float>()[i], 4 * step) << info(type).name << " " << i;
  }
}

TEST(Convert, HasNoGradient) {
  Tensor x = random_tensor({1, 32}, 1);
  x.set_requires_grad();
  const GradGuard on(true);
  expect_refused([&] { cast(x, DType::kBF16); }, {"cast", "no gradient"});
}

}  // namespace
}  // namespace linnet
