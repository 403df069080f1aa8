#include "tests/ops/gradient_check.h"

namespace linnet {
namespace {

using namespace testing;

const std::vector<std::int32_t> kTargets{2, -1, 0, 4, 2};
const std::vector<float> kClassWeights{0.5f, 1, 2, 1.5f, 0.25f};

// -log softmax of the target per row.
double plain_loss(const Tensor& logits, std::size_t row, std::size_t target) {
  const auto x = logits.data<float>().subspan(row * 5, 5);
  double total = 0;
  for (const float value : x) total += std::exp(static_cast<double>(value));
  return std::log(total) - x[target];
}

TEST(CrossEntropy, IsTheMeanOfWhatCounts) {
  const Tensor x = random_tensor({5, 5}, 1);
  double sum = 0, weighted = 0, weight = 0;
  for (const std::size_t r : {0u, 2u, 3u, 4u}) {
    const auto target = static_cast<std::size_t>(kTargets[r]);
    const double loss = plain_loss(x, r, target);
    sum += loss, weighted += loss * kClassWeights[target], weight += kClassWeights[target];
  }
  EXPECT_NEAR(cross_entropy(x, kTargets).data<float>()[0], sum / 4, 1e-5);
  EXPECT_NEAR(cross_entropy(x, kTargets, {.denominator = 10}).data<float>()[0], sum / 10, 1e-5);
  EXPECT_NEAR(cross_entropy(x, kTargets, {.class_weights = kClassWeights}).data<float>()[0], weighted / weight, 1e-5);
}

TEST(CrossEntropy, NothingCounted) {
  Tensor x = random_tensor({2, 5}, 1), weight = random_tensor({5, 5}, 2);
  x.set_requires_grad(), weight.set_requires_grad();
  const std::int32_t none[] = {-1, -100};
  const GradGuard on(true);
  const Tensor plain = cross_entropy(x, none), fused = linear_cross_entropy(x, weight, {}, none);
  EXPECT_EQ(plain.data<float>()[0], 0);
  EXPECT_EQ(fused.data<float>()[0], 0);
  backward(plain);
  backward(fused);
  for (const float g : x.grad().data<float>()) EXPECT_EQ(g, 0);
  for (const float g : weight.grad().data<float>()) EXPECT_EQ(g, 0);
}

const CrossEntropyOptions kCases[] = {{},
                                      {.denominator = 7},
                                      {.label_smoothing = 0.1f},
                                      {.class_weights = kClassWeights},
                                      {.label_smoothing = 0.2f, .class_weights = kClassWeights}};

TEST(CrossEntropy, Gradients) {
  for (const CrossEntropyOptions& options : kCases)
    check_gradients([&](const auto& in) { return cross_entropy(in[0], kTargets, options); },
                    {random_tensor({5, 5}, 1)});
}

TEST(CrossEntropy, FusedGradients) {
  const std::vector<std::int32_t> all{2, 1, 0, 4, 2};
  for (const auto& targets : {kTargets, all})
    for (const CrossEntropyOptions& options : kCases)
      check_gradients([&](const auto& in) { return linear_cross_entropy(in[0], in[1], in[2], targets, options); },
                      {random_tensor({5, 3}, 1), random_tensor({5, 3}, 2), random_tensor({5}, 3)});
}

TEST(CrossEntropy, FusedWithCappedLogits) {
  const CrossEntropyOptions capped{.softcap = 0.5f};
  const std::vector<Tensor> in{random_tensor({5, 3}, 1), random_tensor({5, 3}, 2), random_tensor({5}, 3)};
  EXPECT_NEAR(linear_cross_entropy(in[0], in[1], in[2], kTargets, capped).item(),
              cross_entropy(softcap(linear(in[0], in[1], in[2]), 0.5f), kTargets).item(), 1e-6);
  check_gradients([&](const auto& x) { return linear_cross_entropy(x[0], x[1], x[2], kTargets, capped); }, in);
}

TEST(CrossEntropy, FusedGradientsOfSomeInputs) {
  for (int wanted = 1; wanted < 8; ++wanted) {
    std::vector<Tensor> inputs{random_tensor({5, 3}, 1), random_tensor({5, 3}, 2), random_tensor({5}, 3)};
    for (int i = 0; i < 3; ++i) inputs[static_cast<std::size_t>(i)].set_requires_grad((wanted >> i & 1) != 0);
    check_gradients([](const auto& in) { return linear_cross_entropy(in[0], in[1], in[2], kTargets); }, inputs);
  }
}

TEST(CrossEntropy, FusedWithWeightsInOut) {
  check_gradients(
      [](const auto& in) {
        return linear_cross_entropy(in[0], in[1], {}, kTargets, {}, {.layout = WeightLayout::kInOut});
      },
      {random_tensor({5, 3}, 1), random_tensor({3, 5}, 2)});
}

// 2^18 classes: chunks of 64 rows, the last one smaller; against the two ops in turn.
TEST(CrossEntropy, ManyChunks) {
  constexpr std::int64_t kClasses = 1 << 18;
  std::vector<std::int32_t> targets(67, 12345);
  targets[3] = -1;
  std::vector<float> losses, gradients[2];
  for (const bool fused : {false, true}) {
    Tensor hidden = random_tensor({67, 2}, 1), weight = random_tensor({kClasses, 2}, 2);
    hidden.set_requires_grad(), weight.set_requires_grad();
    const GradGuard on(true);
    const Tensor loss =
        fused ? linear_cross_entropy(hidden, weight, {}, targets) : cross_entropy(linear(hidden, weight), targets);
    backward(loss);
    losses.push_back(loss.data<float>()[0]);
    for (const Tensor& t : {hidden, weight})
      for (const float g : t.grad().data<float>()) gradients[fused].push_back(g);
  }
  EXPECT_NEAR(losses[0], losses[1], 1e-5 * losses[0]);
  for (std::size_t i = 0; i < gradients[0].size(); ++i) ASSERT_NEAR(gradients[0][i], gradients[1][i], 1e-6) << i;
}

TEST(CrossEntropy, RefusesWhatDoesNotFit) {
  const std::int32_t outside[] = {5}, two[] = {0, 1};
  expect_refused([&] { cross_entropy(random_tensor({1, 5}, 1), outside); }, {"cross_entropy", "target 5", "5 classes"});
  expect_refused([&] { cross_entropy(random_tensor({1, 5}, 1), two); }, {"2 targets", "1 rows"});
  expect_refused(
      [&] {
        cross_entropy(random_tensor({2, 4}, 1), two, {.class_weights = kClassWeights});
      },
      {"5 class weights", "4 classes"});
}

}  // namespace
}  // namespace linnet
