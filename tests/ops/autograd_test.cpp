#include "tests/ops/gradient_check.h"

namespace linnet {
namespace {

using namespace testing;

Tensor leaf(const Shape& shape, std::uint64_t seed) { return random_tensor(shape, seed).set_requires_grad(); }

TEST(Autograd, IsOffUnlessOpened) {
  const Tensor w = leaf({2, 2}, 1);
  EXPECT_FALSE(add(w, w).node());
  {
    const GradGuard on(true);
    EXPECT_TRUE(add(w, w).node());
    const GradGuard off(false);
    EXPECT_FALSE(add(w, w).node());
  }
  EXPECT_FALSE(grad_enabled());
}

TEST(Autograd, RecordsOnlyWhatNeedsAGradient) {
  const GradGuard on(true);
  const Tensor x = random_tensor({2, 2}, 1);
  EXPECT_FALSE(add(x, x).node());
  EXPECT_FALSE(add(x, x).requires_grad());
}

TEST(Autograd, SecondPassAddsInTheSameMemory) {
  const GradGuard on(true);
  const Tensor x = random_tensor({3, 2}, 1), w = leaf({4, 2}, 2), b = leaf({4}, 3);
  backward(sum(linear(x, w, b)));
  const auto once = values_of(w.grad()), once_bias = values_of(b.grad());
  const std::byte *memory = w.grad().raw(), *bias_memory = b.grad().raw();
  backward(sum(linear(x, w, b)), 2);
  EXPECT_EQ(w.grad().raw(), memory);
  EXPECT_EQ(b.grad().raw(), bias_memory);
  for (std::size_t i = 0; i < once.size(); ++i) EXPECT_NEAR(w.grad().data<float>()[i], 3 * once[i], 1e-5);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_NEAR(b.grad().data<float>()[i], 3 * once_bias[i], 1e-5);
}

TEST(Autograd, LeavesNeverShareAGradient) {  // add passes one tensor to both inputs
  const GradGuard on(true);
  const Tensor a = leaf({2, 2}, 1), b = leaf({2, 2}, 2);
  backward(sum(add(a, b)));
  ASSERT_NE(a.grad().raw(), b.grad().raw());
  a.grad().data<float>()[0] = 7;
  EXPECT_EQ(b.grad().data<float>()[0], 1);
  backward(sum(add(a, b)));
  EXPECT_EQ(b.grad().data<float>()[0], 2);
}

TEST(Autograd, AGradientThatSomeoneHoldsIsNotChanged) {
  const GradGuard on(true);
  const Tensor x = random_tensor({3, 2}, 1), w = leaf({4, 2}, 2);
  backward(sum(linear(x, w)));
  const Tensor held = w.grad();
  const auto before = values_of(held);
  backward(sum(linear(x, w)));
  EXPECT_EQ(values_of(held), before);
  for (std::size_t i = 0; i < before.size(); ++i) EXPECT_NEAR(w.grad().data<float>()[i], 2 * before[i], 1e-5);
}

// The paths of a residual block merge repeatedly; a shared gradient must not be modified in place.
TEST(Autograd, ResidualPaths) {
  check_gradients(
      [](const auto& in) {
        const Tensor one = add(in[0], linear(in[0], in[1]));
        const Tensor two = add(one, activation(linear(one, in[1]), Activation::kTanh));
        return add(two, add(one, in[0]));
      },
      {random_tensor({3, 4}, 1), random_tensor({4, 4}, 2, 0.5f)});
  check_gradients(
      [](const auto& in) {
        const Tensor y = add(in[0], in[0]);
        return add(y, in[0]);
      },
      {random_tensor({3, 4}, 1)});
}

TEST(Autograd, ActivationsAreFreedOnTheWay) {
  const GradGuard on(true);
  const Tensor w = leaf({64, 64}, 1);
  std::size_t live = 0, alive_at_seed = 0;
  {
    Tensor x = random_tensor({64, 64}, 2);
    for (int i = 0; i < 20; ++i) x = activation(linear(x, w), Activation::kTanh);
    const Tensor loss = sum(x);
    x = {};
    alive_at_seed = memory_use().live;
    backward(loss);
    live = memory_use().live;
    EXPECT_FALSE(loss.node());
  }
  EXPECT_GT(alive_at_seed, live + 30 * 64 * 64 * sizeof(float));
}

TEST(Autograd, TheTapeKeepsOnlyValuesThatGradientsRead) {  // x + f(x) needs neither input
  const GradGuard on(true);
  Tensor x = leaf({64, 64}, 1);
  const std::size_t before = memory_use().live;
  Tensor y = x;
  for (int i = 0; i < 20; ++i) y = add(y, scale(y, 0.5f));
  EXPECT_LE(memory_use().live, before + 2 * 64 * 64 * sizeof(float));
  backward(sum(y));
  EXPECT_NEAR(x.grad().data<float>()[0], std::pow(1.5, 20), 1e-2);
}

TEST(Autograd, LongChains) {  // deep recursion would overflow the stack
  const GradGuard on(true);
  const Tensor w = leaf({1, 1}, 1);
  for (const bool go_back : {true, false}) {
    Tensor x = w;
    for (int i = 0; i < 200'000; ++i) x = scale(x, 1);
    if (go_back) backward(sum(x));
  }
  EXPECT_EQ(w.grad().data<float>()[0], 1);
}

TEST(Autograd, Refuses) {
  const Tensor w = leaf({2, 2}, 1);
  expect_refused([&] { backward(w); }, {"backward", "[2, 2]"});
  expect_refused([&] { backward(sum(w)); }, {"backward", "GradGuard"});
  const GradGuard on(true);
  expect_refused([&] { forbid_grad("in_place", {w}); }, {"in_place", "no gradient"});
  forbid_grad("in_place", {random_tensor({2, 2}, 1)});
}

TEST(Autograd, AMissingGradientIsNamed) {
  const GradGuard on(true);
  const Tensor w = leaf({1}, 1);
  const Tensor y = record("broken", {w}, Tensor::zeros({1}), [](const Tensor&) { return Gradients(1); });
  expect_refused([&] { backward(y); }, {"broken", "input 0"});
}

Tensor block(const Tensor& x, const Tensor& w) {
  return add(x, dropout(activation(linear(x, w), Activation::kGelu), 0.2f, {1, 2}));
}

TEST(Autograd, RecomputeGivesTheSameGradients) {
  std::vector<float> gradients[2];
  for (const bool again : {false, true}) {
    const GradGuard on(true);
    const Tensor x = leaf({3, 4}, 1), w = leaf({4, 4}, 2);
    Tensor y = x;
    for (int i = 0; i < 3; ++i)
      y = again ? recompute([w](const auto& in) { return block(in[0], w); }, {y}) : block(y, w);
    backward(sum(multiply(y, y)));
    for (const Tensor& t : {x, w})
      for (const float g : t.grad().data<float>()) gradients[again].push_back(g);
  }
  for (std::size_t i = 0; i < gradients[0].size(); ++i) EXPECT_NEAR(gradients[0][i], gradients[1][i], 1e-5) << i;
}

TEST(Autograd, RecomputeOfAnInputWithoutGradient) {  // the parameter inside still gets its gradient
  const GradGuard on(true);
  const Tensor x = random_tensor({3, 4}, 1), w = leaf({4, 4}, 2);
  backward(sum(recompute([w](const auto& in) { return block(in[0], w); }, {x})));
  ASSERT_TRUE(w.grad());
  EXPECT_FALSE(x.grad());
}

TEST(Autograd, RecomputeKeepsNoActivations) {
  const GradGuard on(true);
  const Tensor w = leaf({64, 64}, 2);
  std::size_t kept[2];
  for (const bool again : {false, true}) {
    const std::size_t before = memory_use().live;
    Tensor y = random_tensor({64, 64}, 1);
    for (int i = 0; i < 5; ++i)
      y = again ? recompute([w](const auto& in) { return block(in[0], w); }, {y}) : block(y, w);
    kept[again] = memory_use().live - before;
  }
  EXPECT_LE(kept[1], 6 * 64 * 64 * sizeof(float));
  EXPECT_GE(kept[0], 10 * 64 * 64 * sizeof(float));
}

}  // namespace
}  // namespace linnet
