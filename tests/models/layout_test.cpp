#include "linnet/models/layout.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "linnet/base/error.h"

namespace linnet::models {
namespace {

using nn::Role;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;

TransformerConfig heads(std::int64_t count, std::int64_t size) {
  TransformerConfig c;
  c.heads = c.kv_heads = count;
  c.head_dim = size;
  c.hidden = count * size;
  c.layers = 1, c.vocab = 1, c.ffn = 1, c.max_positions = 8;
  return c;
}

Tensor counted(const Shape& shape) {
  std::int64_t n = 1;
  for (const std::int64_t s : shape) n *= s;
  std::vector<float> values(static_cast<std::size_t>(n));
  std::iota(values.begin(), values.end(), 0.0f);
  return Tensor::from(values, shape);
}

TEST(Layout, FusedProjectionsGoFromHeadsToParts) {
  const TransformerConfig c = heads(2, 2);
  const Layout by_head{.qkv = Qkv::kPerHead}, by_part{.qkv = Qkv::kStacked};
  // Rows of the first head: q 0 1, k 2 3, v 4 5; of the second: q 6 7, k 8 9, v 10 11.
  const Tensor bias = counted({12});
  const Tensor parts = relaid(bias, Role::kQkv, c, by_head, by_part);
  EXPECT_THAT(parts.data<float>(), ElementsAre(0, 1, 6, 7, 2, 3, 8, 9, 4, 5, 10, 11));
  const Tensor back = relaid(parts, Role::kQkv, c, by_part, by_head);
  EXPECT_THAT(back.data<float>(), ElementsAreArray(bias.data<float>()));
  EXPECT_TRUE(relaid(bias, Role::kAttentionOutput, c, by_head, by_part).same(bias));
}

TEST(Layout, RotaryHalvesGoSideBySide) {
  const TransformerConfig c = heads(2, 4);
  const Layout halves{}, pairs{.rotary_rows = RotaryRows::kPairs};
  const Tensor rows = counted({8});
  const Tensor moved = relaid(rows, Role::kKey, c, halves, pairs);
  EXPECT_THAT(moved.data<float>(), ElementsAre(0, 2, 1, 3, 4, 6, 5, 7));
  EXPECT_THAT(relaid(moved, Role::kKey, c, pairs, halves).data<float>(), ElementsAreArray(rows.data<float>()));
  EXPECT_TRUE(relaid(rows, Role::kValue, c, halves, pairs).same(rows));
}

TEST(Layout, MatricesTurn) {
  const TransformerConfig c = heads(1, 2);
  const Layout in_out{.qkv = Qkv::kStacked, .weights = WeightLayout::kInOut}, out_in{.qkv = Qkv::kStacked};
  const Tensor m = counted({2, 3});
  for (const Role role : {Role::kQuery, Role::kQkv, Role::kAttentionOutput, Role::kGate, Role::kUp, Role::kDown})
    EXPECT_TRUE(transposes(m, role, in_out, out_in));
  EXPECT_FALSE(transposes(m, Role::kPooler, in_out, out_in));
  EXPECT_FALSE(transposes(counted({6}), Role::kUp, in_out, out_in)) << "a bias";
  const Tensor turned = relaid(m, Role::kUp, c, in_out, out_in);
  EXPECT_EQ(turned.shape(), (Shape{3, 2}));
  EXPECT_THAT(turned.data<float>(), ElementsAre(0, 3, 1, 4, 2, 5));
  EXPECT_TRUE(relaid(m, Role::kTokenTable, c, in_out, out_in).same(m));
  EXPECT_THROW(relaid(Tensor::zeros({2, 32}, DType::kQ8_0), Role::kUp, c, in_out, out_in), Error);
}

TEST(Layout, IsWhatTheFamilysFilesHave) {
  EXPECT_EQ(folder_layout(*find_family("bloom")).qkv, Qkv::kPerHead);
  EXPECT_EQ(find_family("bloom")->gguf_layout.qkv, Qkv::kStacked);
  EXPECT_EQ(folder_layout(*find_family("gpt2")).weights, WeightLayout::kInOut);
  EXPECT_EQ(find_family("gpt2")->gguf_layout.weights, WeightLayout::kOutIn);
  EXPECT_EQ(folder_layout(*find_family("llama")).rotary_rows, RotaryRows::kHalves);
  EXPECT_EQ(find_family("llama")->gguf_layout.rotary_rows, RotaryRows::kPairs);
  EXPECT_EQ(find_family("bert")->gguf_layout.rotary_rows, RotaryRows::kHalves);
}

}  // namespace
}  // namespace linnet::models
