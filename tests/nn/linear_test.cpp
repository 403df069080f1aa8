#include "linnet/nn/linear.h"

#include <gmock/gmock.h>

#include "tests/nn/small.h"

namespace linnet::nn {
namespace {

using ::testing::ElementsAre;

TEST(Linear, BothLayoutsMultiplyTheSame) {
  const Tensor x = matrix({1, 2, 3, 4, 5, 6}, 3);
  Linear out_in(3, 2, true), in_out(3, 2, true, WeightLayout::kInOut);
  out_in.weight() = matrix({1, 0, 2, 0, 1, -1}, 3);
  in_out.weight() = matrix({1, 0, 0, 1, 2, -1}, 2);
  out_in.bias() = in_out.bias() = Tensor::from(std::vector<float>{10, 20}, {2});
  EXPECT_THAT(values(out_in(x, {})), ElementsAre(17, 19, 26, 19));
  EXPECT_EQ(values(in_out(x, {})), values(out_in(x, {})));
}

TEST(Linear, LoraAddsItsScaledProduct) {
  const Tensor x = matrix({1, 2, 3}, 3);
  for (const WeightLayout layout : {WeightLayout::kOutIn, WeightLayout::kInOut}) {  // A and B have one layout for both
    Linear linear(3, 2, false, layout);
    linear.weight() = Tensor::zeros(layout == WeightLayout::kOutIn ? Shape{2, 3} : Shape{3, 2});
    const auto updates = std::make_shared<LoraUpdates>();
    updates->add(&linear, {.a = matrix({1, 1, 1}, 3), .b = matrix({2, -1}, 1), .scale = 0.5F});
    EXPECT_THAT(values(linear(x, {.lora = {{updates}}})), ElementsAre(6, -3));  // 0.5 * (1 + 2 + 3) * (2, -1)
    EXPECT_THAT(values(linear(x, {})), ElementsAre(0, 0));
  }
}

TEST(Linear, LoraDropsOnlyWhileTraining) {
  Linear linear(64, 1, false);
  linear.weight() = Tensor::zeros({1, 64});
  const auto updates = std::make_shared<LoraUpdates>();
  updates->add(&linear, {.a = matrix(std::vector<float>(64, 1), 64), .b = matrix({1}, 1), .dropout = 0.5F});
  const Tensor x = matrix(std::vector<float>(64, 1), 64);
  EXPECT_EQ(values(linear(x, {.lora = {{updates}}}))[0], 64);
  const Pass training{.training = true, .seed = 3, .lora = {{updates}}};
  const float dropped = values(linear(x, training))[0];
  EXPECT_NE(dropped, 64);
  EXPECT_EQ(dropped, values(linear(x, training))[0]);  // the same key, the same mask
  EXPECT_EQ(std::fmod(dropped, 2.0F), 0);              // kept values are doubled
}

TEST(Linear, TellsItsPartsAndThatItIsThere) {
  Linear linear(3, 2, true, WeightLayout::kInOut);
  const auto parts = parameters(linear, Role::kGate);
  EXPECT_THAT(names(parts), ElementsAre("weight", "bias"));
  for (const Parameter& p : parts) EXPECT_EQ(p.role, Role::kGate);
  EXPECT_EQ(parts[0].part, Part::kWeight);
  EXPECT_EQ(parts[1].part, Part::kBias);
  EXPECT_EQ(parts[0].shape, (Shape{3, 2}));
  EXPECT_EQ(parts[1].shape, (Shape{2}));
  EXPECT_EQ(parameters(*std::make_unique<Linear>(3, 2, false), Role::kGate)[0].shape, (Shape{2, 3}));
  EXPECT_TRUE(linear);
  EXPECT_FALSE(Linear());
}

// The masks of a step depend on layer, site, item, step and seed only.
TEST(Pass, EveryPlaceHasItsOwnStream) {
  const Pass pass{.seed = 5, .step = 9};
  const auto stream = [](const Pass& p, std::int64_t layer, Site site, std::uint64_t item) {
    return p.key(layer, site, item).stream;
  };
  EXPECT_NE(stream(pass, 0, Site::kAttention, 0), stream(pass, 1, Site::kAttention, 0));
  EXPECT_NE(stream(pass, 0, Site::kAttention, 0), stream(pass, 0, Site::kFeedForward, 0));
  EXPECT_NE(stream(pass, 0, Site::kLora, 0), stream(pass, 0, Site::kLora, 1));
  EXPECT_NE(stream(pass, 0, Site::kAttention, 0), stream({.seed = 5, .step = 10}, 0, Site::kAttention, 0));
  EXPECT_EQ(pass.key(0, Site::kAttention).seed, 5U);
}

}  // namespace
}  // namespace linnet::nn
