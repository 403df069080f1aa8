#include <gtest/gtest.h>

#include "linnet/train/optimizer/optimizer.h"
#include "tests/train/parameter.h"

namespace linnet {
namespace {

TEST(Sgd, MomentumGathersSpeed) {  // v = 0.9 v + g; w -= lr v
  Tensor w = Tensor::zeros({1});
  const auto optimizer = make_optimizer({parameter("w", w)}, {.kind = OptimizerKind::kSgd, .weight_decay = 0});
  const float expected[] = {-0.1f, -0.29f, -0.561f};
  for (const float want : expected) {
    w.set_grad(Tensor::from(std::vector<float>{1}, {1}));
    optimizer->step(0.1f);
    EXPECT_NEAR(w.data<float>()[0], want, 1e-6);
  }
}

TEST(Sgd, WithoutMomentumKeepsNoState) {
  Tensor w = Tensor::zeros({1});
  const auto optimizer = make_optimizer({parameter("w", w)}, {.kind = OptimizerKind::kSgd, .momentum = 0});
  w.set_grad(Tensor::from(std::vector<float>{1}, {1}));
  optimizer->step(0.1f);
  EXPECT_TRUE(optimizer->state().empty());
  EXPECT_EQ(optimizer->planned_bytes(), 0u);
}

}  // namespace
}  // namespace linnet
