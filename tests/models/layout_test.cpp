#include "linnet/models/layout.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "linnet/base/error.h"

namespace linnet::models {
namespace {

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
  const Family& family = *find_family("bloom");
  const TransformerConfig c = heads(2, 2);
  const Layout by_head{.qkv = Qkv::kPerHead}, by_part{.qkv = Qkv::kStacked};
  // Rows of the first head: q 0 1, k 2 3, v 4 5; of the second: q 6 7, k 8 9, v 10 11.
  const Tensor bias = counted({12});
  const Tensor parts = relaid(bias, "layers.0.attention.qkv.bias", family, c, by_head, by_part);
  EXPECT_THAT(parts.data<float>(), ElementsAre(0, 1, 6, 7, 2, 3, 8, 9, 4, 5, 10, 11));
  const Tensor back = relaid(parts, "layers.0.attention.qkv.bias", family, c, by_part, by_head);
  EXPECT_THAT(back.data<float>(), ElementsAreArray(bias.data<float>()));
  EXPECT_TRUE(relaid(bias, "layers.0.attention.output.bias", family, c, by_head, by_part).same(bias));
}

TEST(Layout, RotaryHalvesGoSideBySide) {
  const Family& family = *find_family("llama");
  const TransformerConfig c = heads(2, 4);
  const Layout halves{}, pairs{.rotary_rows = NamePair::GgufRows::kRotaryPairs};
  const Tensor rows = counted({8});
  const Tensor moved = relaid(rows, "layers.0.attention.key.bias", family, c, halves, pairs);
  EXPECT_THAT(moved.data<float>(), ElementsAre(0, 2, 1, 3, 4, 6, 5, 7));
  EXPECT_THAT(relaid(moved, "layers.0.attention.key.bias", family, c, pairs, halves).data<float>(),
              ElementsAreArray(rows.data<float>()));
  EXPECT_TRUE(relaid(rows, "layers.0.attention.value.bias", family, c, halves, pairs).same(rows));
}

TEST(Layout, MatricesTurn) {
  const Family& family = *find_family("gpt2");
  const TransformerConfig c = heads(1, 2);
  const Layout in_out{.qkv = Qkv::kStacked, .weights = WeightLayout::kInOut}, out_in{.qkv = Qkv::kStacked};
  const Tensor m = counted({2, 3});
  EXPECT_TRUE(transposes(m, "layers.0.ffn.up.weight", in_out, out_in));
  const Tensor turned = relaid(m, "layers.0.ffn.up.weight", family, c, in_out, out_in);
  EXPECT_EQ(turned.shape(), (Shape{3, 2}));
  EXPECT_THAT(turned.data<float>(), ElementsAre(0, 3, 1, 4, 2, 5));
  EXPECT_TRUE(relaid(m, "embeddings.tokens.weight", family, c, in_out, out_in).same(m));
  EXPECT_THROW(relaid(Tensor::zeros({2, 32}, DType::kQ8_0), "layers.0.ffn.up.weight", family, c, in_out, out_in),
               Error);
}

TEST(Layout, IsWhatTheFamilysFilesHave) {
  EXPECT_EQ(folder_layout(*find_family("bloom"), heads(2, 2)).qkv, Qkv::kPerHead);
  EXPECT_EQ(gguf_layout(*find_family("bloom"), heads(2, 2)).qkv, Qkv::kStacked);
  EXPECT_EQ(folder_layout(*find_family("gpt2"), heads(2, 2)).weights, WeightLayout::kInOut);
  EXPECT_EQ(gguf_layout(*find_family("gpt2"), heads(2, 2)).weights, WeightLayout::kOutIn);
}

}  // namespace
}  // namespace linnet::models
