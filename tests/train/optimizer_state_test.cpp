#include <gtest/gtest.h>

#include <cmath>

#include "linnet/base/error.h"
#include "linnet/train/optimizer/state.h"
#include "tests/scratch.h"
#include "tests/train/parameter.h"

namespace linnet {
namespace {

TEST(OptimizerState, ForeignStateIsRefused) {
  Tensor a = Tensor::zeros({4, 3}), b = Tensor::zeros({5});
  const auto optimizer = make_optimizer({parameter("layers.0.weight", a), parameter("layers.0.bias", b)}, {});
  EXPECT_THROW(optimizer->load({{"exp_avg.other", Tensor::zeros({4, 3})}}, 1), Error);
  EXPECT_THROW(optimizer->load({{"exp_avg.layers.0.weight", Tensor::zeros({3, 4})}}, 1), Error);
}

// An empty state, another type, impossible values.
TEST(OptimizerState, EveryTensorAndNumberIsChecked) {
  for (const OptimizerKind kind : {OptimizerKind::kAdamW, OptimizerKind::kSgd, OptimizerKind::kAdafactor}) {
    Tensor a = Tensor::zeros({4, 3}), b = Tensor::zeros({5}), c = Tensor::zeros({6, 2});
    const auto optimizer = make_optimizer({parameter("layers.0.weight", a), parameter("layers.0.bias", b),
                                           parameter("embeddings.tokens.weight", c, nn::Role::kTokenTable)},
                                          {.kind = kind});
    const auto good = optimizer->state();
    EXPECT_NO_THROW(optimizer->load(good, 1));
    EXPECT_NE(
        refusal([&] { optimizer->load({}, 1, "a/optimizer.safetensors"); }).find("a/optimizer.safetensors: has no"),
        std::string::npos);
    for (const auto& [name, value] : good) {
      auto without = good;
      without.erase(name);
      refusal([&] { optimizer->load(without, 1); });
      auto other = good;
      other[name] = Tensor::zeros(value.shape(), DType::kI64);
      EXPECT_NE(refusal([&] { optimizer->load(other, 1); }).find(name), std::string::npos);
      if (value.dtype() != DType::kF32 || value.numel() == 0) continue;
      for (const float bad : {std::nanf(""), INFINITY, -1.0f}) {
        if (bad == -1.0f && (name.starts_with("exp_avg.") || name.starts_with("momentum"))) continue;
        other[name] = Tensor::zeros(value.shape());
        other[name].data<float>()[0] = bad;
        EXPECT_NE(refusal([&] { optimizer->load(other, 1); }).find(name), std::string::npos) << name << bad;
      }
    }
  }
}

}  // namespace
}  // namespace linnet
