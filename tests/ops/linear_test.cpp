#include "linnet/tensor/blocks.h"
#include "tests/ops/gradient_check.h"

namespace linnet {
namespace {

using namespace testing;

TEST(Linear, IsTheProductOfItsParts) {
  const Tensor x = Tensor::from(std::vector<float>{1, 2, 3, 4}, {2, 2});
  const Tensor weight = Tensor::from(std::vector<float>{1, 0, 0, 1, 1, 1}, {3, 2});
  const Tensor bias = Tensor::from(std::vector<float>{10, 20, 30}, {3});
  EXPECT_EQ(values_of(linear(x, weight, bias)), (std::vector<float>{11, 22, 33, 13, 24, 37}));
  const Tensor in_out = Tensor::from(std::vector<float>{1, 0, 1, 0, 1, 1}, {2, 3});
  EXPECT_EQ(values_of(linear(x, in_out, {}, {.layout = WeightLayout::kInOut})), (std::vector<float>{1, 2, 3, 3, 4, 7}));
}

TEST(Linear, GradientsOfBothLayouts) {
  for (const WeightLayout layout : {WeightLayout::kOutIn, WeightLayout::kInOut}) {
    const Shape shape = layout == WeightLayout::kOutIn ? Shape{4, 3} : Shape{3, 4};
    const auto fn = [layout](const auto& in) {
      return linear(in[0], in[1], in.size() > 2 ? in[2] : Tensor(), {.layout = layout});
    };
    check_gradients(fn, {random_tensor({5, 3}, 1), random_tensor(shape, 2), random_tensor({4}, 3)});
    check_gradients(fn, {random_tensor({5, 3}, 1), random_tensor(shape, 2)});
  }
}

TEST(Linear, GradientsOfSomeInputsOnly) {
  const Fn fn = [](const auto& in) { return linear(in[0], in[1], in[2]); };
  for (int wanted = 1; wanted < 8; ++wanted) {
    std::vector<Tensor> inputs{random_tensor({5, 3}, 1), random_tensor({4, 3}, 2), random_tensor({4}, 3)};
    for (int i = 0; i < 3; ++i) inputs[static_cast<std::size_t>(i)].set_requires_grad((wanted >> i & 1) != 0);
    check_gradients(fn, inputs);
  }
}

TEST(Linear, SharedWeightAndInputAddUp) {
  check_gradients([](const auto& in) { return linear(linear(in[0], in[1], in[2]), in[1], in[2]); },
                  {random_tensor({5, 3}, 1), random_tensor({3, 3}, 2), random_tensor({3}, 3)});
  check_gradients(
      [](const auto& in) { return add(linear(in[0], in[1]), add(linear(in[0], in[2]), linear(in[0], in[3]))); },
      {random_tensor({5, 3}, 1), random_tensor({3, 3}, 2), random_tensor({3, 3}, 3), random_tensor({3, 3}, 4)});
}

TEST(Linear, NoRows) { EXPECT_EQ(linear(Tensor::empty({0, 3}), random_tensor({4, 3}, 1)).shape(), (Shape{0, 4})); }

TEST(Linear, TogetherHasTheBitsOfEach) {
  const Tensor a = random_tensor({40, 64}, 2), b = random_tensor({33, 64}, 3), c = random_tensor({1, 64}, 4);
  const Tensor bias = random_tensor({33}, 5), none;
  const auto stored = [](const Tensor& x, DType type) { return type == DType::kF32 ? x.clone() : cast(x, type); };
  for (const auto& [first, other] : {std::pair(DType::kF32, DType::kF32),
                                     {DType::kBF16, DType::kBF16},
                                     {DType::kQ8_0, DType::kQ8_0},
                                     {DType::kQ4_1, DType::kQ4_1},
                                     {DType::kQ4_1, DType::kQ8_0},
                                     {DType::kBF16, DType::kF32}})
    for (const Precision precision : {Precision::kByWeight, Precision::kBF16, Precision::kF32})
      for (const std::int64_t rows : {0, 1, 5, 13, 40}) {
        const Tensor x = random_tensor({rows, 64}, 1);
        const Tensor weights[] = {stored(a, first), stored(b, other), stored(c, other)};
        const LinearTerm terms[] = {{&weights[0], &none}, {&weights[1], &bias}, {&weights[2], &none}};
        const auto found = linears(x, terms, {.precision = precision});
        ASSERT_EQ(found.size(), 3U);
        for (std::size_t i = 0; i < 3; ++i)
          EXPECT_EQ(values_of(found[i]),
                    values_of(linear(x, *terms[i].weight, *terms[i].bias, {.precision = precision})))
              << info(first).name << " and " << info(other).name << ", " << rows << " rows, product " << i;
      }
}

TEST(Linear, PrepackingChangesNoBit) {
  const Tensor x = random_tensor({3, 64}, 1), weight = random_tensor({40, 64}, 2);
  for (const Tensor& stored : {weight, cast(weight, DType::kBF16), quantized(weight, DType::kQ8_0)}) {
    const std::vector<float> wanted = values_of(linear(x, stored));
    const Tensor other = stored.clone();
    prepack(other);
    EXPECT_EQ(values_of(linear(x, other)), wanted) << info(stored.dtype()).name;
  }
  expect_refused([] { prepack(random_tensor({3}, 1)); }, {"prepack", "matrix"});
}

TEST(Linear, AQuantisedWeightGivesDxAndRefusesDw) {
  const Tensor weight = quantized(random_tensor({4, 32}, 2), DType::kQ8_0);
  check_gradients([&](const auto& in) { return linear(in[0], weight); }, {random_tensor({3, 32}, 1)});
  Tensor learning = quantized(random_tensor({4, 32}, 2), DType::kQ8_0);
  learning.set_requires_grad();
  const GradGuard on(true);
  expect_refused([&] { linear(random_tensor({3, 32}, 1), learning); }, {"linear", "Q8_0", "no gradient"});
}

TEST(Linear, SizesThatDoNotFit) {
  expect_refused([] { linear(random_tensor({2, 3}, 1), random_tensor({4, 5}, 2)); }, {"linear", "3", "5"});
  expect_refused(
      [] {
        linear(random_tensor({2, 3}, 1), random_tensor({4, 3}, 2), random_tensor({3}, 3));
      },
      {"bias", "3", "4"});
  expect_refused([] { linear(random_tensor({3}, 1), random_tensor({4, 3}, 2)); }, {"[3]"});
}

}  // namespace
}  // namespace linnet
