#include <gtest/gtest.h>

#include "linnet/train/optimizer/optimizer.h"
#include "tests/train/parameter.h"

namespace linnet {
namespace {

TEST(Adafactor, MatrixStateIsARowAndAColumn) {
  Tensor w = Tensor::zeros({6, 4});
  const auto optimizer = make_optimizer({parameter("w", w)}, {.kind = OptimizerKind::kAdafactor});
  w.set_grad(Tensor::from(std::vector<float>(24, 1), {6, 4}));
  optimizer->step(0.1f);
  EXPECT_EQ(optimizer->state().at("exp_avg_sq_row.w").shape(), (Shape{6}));
  EXPECT_EQ(optimizer->state().at("exp_avg_sq_col.w").shape(), (Shape{4}));
  EXPECT_EQ(optimizer->planned_bytes(), 40u);
}

// A gradient of equal numbers is scaled to 1 each, for any size: the step is the learning rate.
TEST(Adafactor, StepDoesNotDependOnTheGradientsScale) {
  for (const float size : {1e-4f, 1.0f, 1e4f}) {
    Tensor w = Tensor::zeros({6, 4});
    const auto optimizer = make_optimizer({parameter("w", w)}, {.kind = OptimizerKind::kAdafactor, .weight_decay = 0});
    w.set_grad(Tensor::from(std::vector<float>(24, size), {6, 4}));
    optimizer->step(0.1f);
    EXPECT_NEAR(w.data<float>()[5], -0.1f, 1e-5);
  }
}

}  // namespace
}  // namespace linnet
