#include "linnet/train/optimizer_state.h"

#include <gtest/gtest.h>

#include "linnet/base/error.h"

namespace linnet {
namespace {

TEST(OptimizerState, ForeignStateIsRefused) {
  Tensor a = Tensor::zeros({4, 3}), b = Tensor::zeros({5});
  const auto optimizer = make_optimizer({{"layers.0.weight", &a, {4, 3}}, {"layers.0.bias", &b, {5}}}, {});
  EXPECT_THROW(optimizer->load({{"exp_avg.other", Tensor::zeros({4, 3})}}, 1), Error);
  EXPECT_THROW(optimizer->load({{"exp_avg.layers.0.weight", Tensor::zeros({3, 4})}}, 1), Error);
}

}  // namespace
}  // namespace linnet
