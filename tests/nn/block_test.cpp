#include "linnet/nn/block.h"

#include <gmock/gmock.h>

#include "tests/nn/small.h"

namespace linnet::nn {
namespace {

using ::testing::Contains;
using ::testing::Not;

AttentionBatch batch_of(const Packed& rows) {
  AttentionBatch batch;
  batch.rows = rows;
  batch.causal = true;
  batch.own = {rows.starts, rows.starts, 0};
  return batch;
}

// A block whose attention and feed-forward return 0, so that only norms and residuals remain.
Block silent(const TransformerConfig& c) {
  Block block(c);
  fill(block);
  for (const Parameter& p : parameters(block))
    if (p.name.find("norm") == std::string::npos) *p.tensor = Tensor::zeros(p.shape);
  return block;
}

Tensor normed(Block& block, const std::string& name, const TransformerConfig& c, const Tensor& x) {
  Tensor weight, bias;
  for (const Parameter& p : parameters(block)) {
    if (p.name == name + ".weight") weight = *p.tensor;
    if (p.name == name + ".bias") bias = *p.tensor;
  }
  return layer_norm(x, weight, bias, static_cast<float>(c.norm_eps));
}

Tensor input(const TransformerConfig& c) {
  Rng rng(4);
  Tensor x = Tensor::empty({3, c.hidden});
  for (float& v : x.data<float>()) v = rng.normal();
  return x;
}

TEST(Block, PreNormAddsToItsInput) {
  TransformerConfig c = small_config();
  const Tensor x = input(c);
  EXPECT_EQ(distance(silent(c)({.x = x}, batch_of(pack(Texts{{1, 2, 3}})), {}), x), 0);
}

TEST(Block, OldBloomAddsToTheNormedInput) {
  TransformerConfig c = small_config();
  c.residual = Residual::kNormed;
  Block block = silent(c);
  const Tensor x = input(c);
  const Tensor wanted = normed(block, "ffn_norm", c, normed(block, "attention_norm", c, x));
  EXPECT_LE(distance(block({.x = x}, batch_of(pack(Texts{{1, 2, 3}})), {}), wanted), 1e-6);
}

TEST(Block, PostNormNormsTheSum) {
  TransformerConfig c = small_config();
  c.norm_place = NormPlace::kAfter;
  Block block = silent(c);
  const Tensor x = input(c);
  const Tensor wanted = normed(block, "ffn_norm", c, normed(block, "attention_norm", c, x));
  EXPECT_LE(distance(block({.x = x}, batch_of(pack(Texts{{1, 2, 3}})), {}), wanted), 1e-6);
}

TEST(Block, BothNormsAddTheNormOfThePart) {
  TransformerConfig c = small_config();
  c.norm_place = NormPlace::kBoth;
  Block block = silent(c);
  EXPECT_THAT(names(parameters(block)), Contains("ffn_output_norm.weight"));
  const Tensor x = input(c);
  // Norms of parts that are 0 are their biases.
  Tensor wanted = x.clone();
  for (const Parameter& p : parameters(block))
    for (std::int64_t i = 0; p.name.ends_with("output_norm.bias") && i < wanted.numel(); ++i)
      wanted.data<float>()[static_cast<std::size_t>(i)] +=
          p.tensor->data<float>()[static_cast<std::size_t>(i % c.hidden)];
  EXPECT_LE(distance(block({.x = x}, batch_of(pack(Texts{{1, 2, 3}})), {}), wanted), 1e-6);
}

TEST(Block, NormsOfOutputsComeBeforeTheSum) {
  TransformerConfig c = small_config();
  c.norm_place = NormPlace::kOutput;
  Block block = silent(c);
  const Tensor x = input(c), zero = Tensor::zeros(x.shape());
  const Tensor wanted = add(add(x, normed(block, "attention_norm", c, zero)), normed(block, "ffn_norm", c, zero));
  EXPECT_LE(distance(block({.x = x}, batch_of(pack(Texts{{1, 2, 3}})), {}), wanted), 1e-6);
}

// Of a part that returns 1 everywhere, in every kind of block.
TEST(Block, PartsAreScaledBeforeTheSum) {
  for (const Residual residual : {Residual::kInput, Residual::kParallel}) {
    TransformerConfig c = small_config();
    c.residual = residual, c.residual_scale = 0.25;
    Block block = silent(c);
    for (const Parameter& p : parameters(block))
      if (p.name == "ffn.down.bias" || p.name == "attention.output.bias")
        for (float& value : p.tensor->data<float>()) value = 1;
    const Tensor x = input(c);
    Tensor wanted = x.clone();
    for (float& value : wanted.data<float>()) value += 0.5F;
    EXPECT_LE(distance(block({.x = x}, batch_of(pack(Texts{{1, 2, 3}})), {}), wanted), 1e-6);
  }
}

// The sum of what each part alone makes of the block's input, for all rows and for some.
TEST(Block, ParallelPartsReadTheSameInput) {
  TransformerConfig c = small_config();
  c.residual = Residual::kParallel;
  const auto without = [&](std::string_view part) {
    Block block(c);
    fill(block);
    for (const Parameter& p : parameters(block))
      if (p.name.starts_with(part)) *p.tensor = Tensor::zeros(p.shape);
    return block;
  };
  const Tensor x = input(c);
  const AttentionBatch batch = batch_of(pack(Texts{{1, 2, 3}}));
  const auto run = [&](const Block& block, std::span<const std::int32_t> wanted = {}) {
    return block({.x = x}, batch, {}, wanted);
  };
  const Tensor both = run(without("none")), twice = add(both, x);
  EXPECT_LE(distance(add(run(without("ffn.")), run(without("attention."))), twice), 1e-5);
  const std::int32_t last[] = {2};
  EXPECT_LE(distance(run(without("none"), last), gather_rows(both, last)), 1e-6);
}

TEST(Block, FeedForwardMayHaveNoDropout) {
  for (const bool drops : {true, false}) {
    TransformerConfig c = small_config();
    c.hidden_dropout = 0.5, c.drops_feed_forward = drops;
    Block block = silent(c);
    for (const Parameter& p : parameters(block))
      if (p.name == "ffn.down.bias")
        for (float& value : p.tensor->data<float>()) value = 1;
    const Tensor x = input(c), y = block({.x = x}, batch_of(pack(Texts{{1, 2, 3}})), {.training = true});
    int dropped = 0;
    for (std::size_t i = 0; i < values(x).size(); ++i) dropped += std::abs(values(y)[i] - values(x)[i]) < 0.5F;
    EXPECT_EQ(dropped > 0, drops);
  }
}

TEST(Block, CrossAttentionIsAPartOnlyWhereItReadsAnEncoder) {
  Block alone(small_config()), reader(small_config(), Block::Cross::kReadsEncoder);
  EXPECT_THAT(names(parameters(alone)), Not(Contains("cross_attention.query.weight")));
  EXPECT_THAT(names(parameters(reader)), Contains("cross_attention.query.weight"));
}

// down(silu(gate x) * up x) against down(silu(up x)), by hand on one row.
TEST(FeedForward, GateMultiplies) {
  TransformerConfig c = small_config();
  c.hidden = 1, c.ffn = 2, c.ffn_bias = false, c.activation = Activation::kRelu;
  FeedForward plain(c);
  c.ffn_kind = FeedForwardKind::kGated;
  FeedForward gated(c);
  for (FeedForward* f : {&plain, &gated})
    for (const Parameter& p : parameters(*f))
      *p.tensor = p.name == "down.weight" ? matrix({1, 10}, 2)
                  : p.name == "up.weight" ? matrix({2, -3}, 1)
                                          : matrix({1, 5}, 1);
  EXPECT_EQ(values(plain(matrix({2}, 1), 0, {}))[0], 4);  // relu(4) + 10 relu(-6)
  EXPECT_EQ(values(gated(matrix({2}, 1), 0, {}))[0], 2 * 4 + 10 * (10 * -6));
}

// Gate and up are the halves of one matrix.
TEST(FeedForward, GateAndUpMayBeOneMatrix) {
  TransformerConfig c = small_config();
  c.hidden = 1, c.ffn = 2, c.ffn_bias = false, c.activation = Activation::kRelu;
  c.ffn_kind = FeedForwardKind::kGatedStacked;
  FeedForward stacked(c);
  for (const Parameter& p : parameters(stacked))
    *p.tensor = p.name == "down.weight" ? matrix({1, 10}, 2) : matrix({1, 5, 2, -3}, 1);
  EXPECT_EQ(values(stacked(matrix({2}, 1), 0, {}))[0], 2 * 4 + 10 * (10 * -6));
}

TEST(Block, TheFirstLayerMayHaveNoNormOfAttention) {
  TransformerConfig c = small_config();
  c.first_attention_norm = false;
  Block first(c, Block::Cross::kNone, 0), second(c, Block::Cross::kNone, 1);
  EXPECT_THAT(names(parameters(first)), Not(Contains("attention_norm.weight")));
  EXPECT_THAT(names(parameters(second)), Contains("attention_norm.weight"));
  fill(first);
  const Tensor x = input(c);
  EXPECT_GT(distance(first({.x = x}, batch_of(pack(Texts{{1, 2, 3}})), {}), x), 1e-3);
}

TEST(NormLayer, KindsHaveTheirParts) {
  TransformerConfig c;
  NormLayer layer(c, 3);
  c.norm_bias = false;
  NormLayer plain(c, 3);
  c.norm = Norm::kRms;
  NormLayer rms(c, 3);
  c.norm_offset = 1;
  NormLayer shifted(c, 3);
  EXPECT_EQ(names(parameters(layer, Role::kNorm)), (std::vector<std::string>{"weight", "bias"}));
  EXPECT_EQ(names(parameters(rms, Role::kNorm)), (std::vector<std::string>{"weight"}));
  for (const Parameter& p : parameters(rms, Role::kNorm)) *p.tensor = Tensor::from(std::vector<float>{1, 2, 3}, {3});
  const float root = std::sqrt(14.0F / 3);
  EXPECT_NEAR(values(rms(matrix({1, 2, 3}, 3)))[2], 3 * 3 / root, 1e-4);
  EXPECT_EQ(names(parameters(plain, Role::kNorm)), (std::vector<std::string>{"weight"}));
  for (const Parameter& p : parameters(shifted, Role::kNorm))
    *p.tensor = Tensor::from(std::vector<float>{1, 2, 3}, {3});
  EXPECT_NEAR(values(shifted(matrix({1, 2, 3}, 3)))[2], 3 * 4 / root, 1e-4);
  EXPECT_FALSE(NormLayer());
}

}  // namespace
}  // namespace linnet::nn
