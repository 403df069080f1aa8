#include "linnet/train/optimizer/optimizer.h"

#include <gtest/gtest.h>

#include <cmath>

#include "linnet/base/error.h"
#include "linnet/base/json.h"
#include "tests/train/parameter.h"

namespace linnet {
namespace {

struct Named {
  const char* name;
  OptimizerOptions options;
};

OptimizerOptions options(OptimizerKind kind, bool relative = false) {
  OptimizerOptions o{.kind = kind, .weight_decay = 0.1f, .decay = DecayRule::kAll};
  o.scale_parameter = o.relative_step = relative;
  return o;
}

const Named kCases[] = {{"adamw", options(OptimizerKind::kAdamW)},
                        {"adam", options(OptimizerKind::kAdam)},
                        {"sgd", options(OptimizerKind::kSgd)},
                        {"adafactor", options(OptimizerKind::kAdafactor)},
                        {"adafactor-relative", options(OptimizerKind::kAdafactor, true)}};

Tensor tensor(const Json& values, Shape shape) {
  return Tensor::from(values.get<std::vector<float>>(), std::move(shape));
}

std::vector<nn::Parameter> named(Tensor& a, Tensor& b) {
  return {parameter("layers.0.weight", a), parameter("layers.0.bias", b, nn::Role::kUp, nn::Part::kBias)};
}

// tools/fixtures/optimizers.py: PyTorch and Transformers.
TEST(Optimizer, StepsAreTheReferences) {
  const Json all = read_json(LINNET_SOURCE_DIR "/tests/fixtures/optimizers.json");
  for (const Named& c : kCases) {
    const Json& expected = all.at(c.name);
    Tensor a = tensor(expected["before"][0], {4, 3}), b = tensor(expected["before"][1], {5});
    const auto optimizer = make_optimizer(named(a, b), c.options);
    for (const Json& step : expected["steps"]) {
      a.set_grad(tensor(step["gradients"][0], {4, 3}));
      b.set_grad(tensor(step["gradients"][1], {5}));
      optimizer->step(0.05f);
      const auto want_a = step["after"][0].get<std::vector<float>>(),
                 want_b = step["after"][1].get<std::vector<float>>();
      for (std::size_t i = 0; i < want_a.size(); ++i) ASSERT_NEAR(a.data<float>()[i], want_a[i], 2e-6) << c.name;
      for (std::size_t i = 0; i < want_b.size(); ++i) ASSERT_NEAR(b.data<float>()[i], want_b[i], 2e-6) << c.name;
    }
  }
}

// Saving after three steps and loading into a new optimiser continues with the same bits.
TEST(Optimizer, StateRoundTripsBitForBit) {
  const Json all = read_json(LINNET_SOURCE_DIR "/tests/fixtures/optimizers.json");
  for (const Named& c : kCases) {
    const Json& run = all.at(c.name);
    const auto train = [&](bool stop_halfway) {
      Tensor a = tensor(run["before"][0], {4, 3}), b = tensor(run["before"][1], {5});
      auto optimizer = make_optimizer(named(a, b), c.options);
      for (std::size_t i = 0; i < run["steps"].size(); ++i) {
        if (stop_halfway && i == 3) {
          const auto state = optimizer->state();
          auto next = make_optimizer(named(a, b), c.options);
          next->load(state, optimizer->steps());
          optimizer = std::move(next);
        }
        a.set_grad(tensor(run["steps"][i]["gradients"][0], {4, 3}));
        b.set_grad(tensor(run["steps"][i]["gradients"][1], {5}));
        optimizer->step(0.05f);
      }
      return std::vector<float>(a.data<float>().begin(), a.data<float>().end());
    };
    EXPECT_EQ(train(false), train(true)) << c.name;
  }
}

TEST(Optimizer, DecaySparesNormsAndBiasesUnlessAsked) {
  for (const DecayRule rule : {DecayRule::kMatrices, DecayRule::kAll}) {
    Tensor a = Tensor::from(std::vector<float>(12, 1), {4, 3}), b = Tensor::from(std::vector<float>(5, 1), {5}),
           c = Tensor::from(std::vector<float>(5, 1), {5});
    auto parameters = named(a, b);
    parameters.push_back(parameter("final_norm.weight", c, nn::Role::kNorm));
    const auto optimizer = make_optimizer(std::move(parameters), {.weight_decay = 0.5f, .decay = rule});
    a.set_grad(Tensor::zeros({4, 3}));
    for (Tensor* spared : {&b, &c}) spared->set_grad(Tensor::zeros({5}));
    optimizer->step(0.1f);
    EXPECT_FLOAT_EQ(a.data<float>()[0], 0.95f);
    for (Tensor* spared : {&b, &c}) EXPECT_FLOAT_EQ(spared->data<float>()[0], rule == DecayRule::kAll ? 0.95f : 1.0f);
  }
}

TEST(Optimizer, TiedParameterIsUpdatedOnce) {
  Tensor a = Tensor::zeros({2, 2});
  const auto optimizer = make_optimizer({parameter("x", a), parameter("y", a)}, {.kind = OptimizerKind::kSgd});
  EXPECT_EQ(optimizer->parameters().size(), 1u);
}

TEST(Clipping, ScalesToTheNorm) {  // torch.nn.utils.clip_grad_norm_
  Tensor a = Tensor::zeros({2}), b = Tensor::zeros({1});
  a.set_grad(Tensor::from(std::vector<float>{3, 0}, {2}));
  b.set_grad(Tensor::from(std::vector<float>{4}, {1}));
  const std::vector<nn::Parameter> parameters{parameter("a", a), parameter("b", b)};
  EXPECT_NEAR(gradient_norm(parameters), 5, 1e-6);
  EXPECT_NEAR(clip_scale(5, 1), 1 / (5 + 1e-6), 1e-7);
  EXPECT_EQ(clip_scale(0.5, 1), 1);
  EXPECT_EQ(clip_scale(100, 0), 1);
}

TEST(Clipping, RowsThatAreKnownGiveTheNorm) {
  Tensor a = Tensor::zeros({4, 2});
  a.set_grad(Tensor::from(std::vector<float>{0, 0, 3, 0, 0, 0, 0, 4}, {4, 2}));
  const std::vector<nn::Parameter> parameters{parameter("a", a)};
  a.grad_state()->rows = {1, 3};
  EXPECT_NEAR(gradient_norm(parameters), 5, 1e-6);
  a.grad_state()->rows = {1};
  EXPECT_NEAR(gradient_norm(parameters), 3, 1e-6) << "the others are not read";
}

}  // namespace
}  // namespace linnet
