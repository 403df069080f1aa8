#include "linnet/nn/attention.h"

#include <gmock/gmock.h>

#include "linnet/base/error.h"
#include "tests/nn/small.h"

namespace linnet::nn {
namespace {

using ::testing::ElementsAre;

AttentionBatch one_text(std::int64_t rows) {
  AttentionBatch batch;
  batch.rows = pack({Ids(static_cast<std::size_t>(rows), 1)});
  batch.own = {batch.rows.starts, batch.rows.starts, 0};
  batch.causal = true;
  return batch;
}

Tensor input(std::int64_t rows, std::int64_t columns, std::uint64_t seed = 4) {
  Rng rng(seed);
  Tensor x = Tensor::empty({rows, columns});
  for (float& v : x.data<float>()) v = rng.normal();
  return x;
}

// transformers' build_alibi_tensor: powers of two, and interleaved slopes for other numbers of heads.
TEST(Alibi, SlopesForAnyNumberOfHeads) {
  EXPECT_THAT(alibi_slopes(8), ElementsAre(0.5F, 0.25F, 0.125F, 0.0625F, 0.03125F, 0.015625F, 0.0078125F, 0.00390625F));
  EXPECT_THAT(alibi_slopes(2), ElementsAre(0.0625F, 0.00390625F));
  EXPECT_THAT(alibi_slopes(6), ElementsAre(0.25F, 0.0625F, 0.015625F, 0.00390625F, 0.5F, 0.125F));
  EXPECT_THAT(alibi_slopes(1), ElementsAre(0.00390625F));
}

// The same projections as three matrices, as one [3, H, D] and as one [H, 3, D].
TEST(Attention, LayoutsOfTheProjectionsAreTheSameMaths) {
  TransformerConfig c = small_config();
  Attention separate(c);
  fill(separate);
  std::map<std::string, Tensor> own;
  for (const Parameter& p : parameters(separate)) own[p.name] = *p.tensor;
  const Tensor x = input(5, c.hidden);
  const Tensor wanted = separate(x, {}, 0, one_text(5), {});
  for (const Qkv layout : {Qkv::kStacked, Qkv::kPerHead}) {
    c.qkv = layout;
    Attention joined(c);
    for (const Parameter& p : parameters(joined)) {
      if (p.name.starts_with("output")) {
        *p.tensor = own.at(p.name);
        continue;
      }
      const std::string leaf = p.name.substr(p.name.rfind('.'));
      const Tensor parts[] = {own.at("query" + leaf), own.at("key" + leaf), own.at("value" + leaf)};
      const std::int64_t width = leaf == ".weight" ? c.hidden : 1;
      *p.tensor = Tensor::empty(p.shape);
      float* to = p.tensor->data<float>().data();
      const auto copy = [&](std::int64_t part, std::int64_t head) {
        to = std::copy_n(parts[part].data<float>().data() + head * c.head_dim * width, c.head_dim * width, to);
      };
      for (std::int64_t outer = 0; outer < (layout == Qkv::kStacked ? 3 : c.heads); ++outer)
        for (std::int64_t inner = 0; inner < (layout == Qkv::kStacked ? c.heads : 3); ++inner)
          layout == Qkv::kStacked ? copy(outer, inner) : copy(inner, outer);
    }
    EXPECT_LE(distance(joined(x, {}, 0, one_text(5), {}), wanted), 1e-6);
  }
}

// A key head shared by two query heads is equivalent to two equal key heads.
TEST(Attention, GroupedHeadsAreRepeatedHeads) {
  TransformerConfig c = small_config();
  c.heads = 4, c.kv_heads = 2, c.head_dim = 3;
  Attention grouped(c);
  fill(grouped);
  std::map<std::string, Tensor> own;
  for (const Parameter& p : parameters(grouped)) own[p.name] = *p.tensor;
  c.kv_heads = 4;
  Attention repeated(c);
  for (const Parameter& p : parameters(repeated)) {
    const Tensor& source = own.at(p.name);
    *p.tensor = source;
    if (source.shape() == p.shape) continue;
    *p.tensor = Tensor::empty(p.shape);
    const std::int64_t width = p.shape.size() == 2 ? c.hidden : 1, block = c.head_dim * width;
    for (std::int64_t h = 0; h < 4; ++h)
      std::copy_n(source.data<float>().data() + h / 2 * block, block, p.tensor->data<float>().data() + h * block);
  }
  const Tensor x = input(5, c.hidden);
  EXPECT_LE(distance(grouped(x, {}, 0, one_text(5), {}), repeated(x, {}, 0, one_text(5), {})), 1e-6);
}

TEST(Attention, StackedProjectionsMayHaveFewerKeyHeads) {
  TransformerConfig c = small_config();
  c.heads = 4, c.kv_heads = 2, c.head_dim = 3;
  Attention separate(c);
  fill(separate);
  std::map<std::string, Tensor> own;
  for (const Parameter& p : parameters(separate)) own[p.name] = *p.tensor;
  c.qkv = Qkv::kStacked;
  Attention stacked(c);
  for (const Parameter& p : parameters(stacked)) {
    const std::string leaf = p.name.substr(p.name.rfind('.'));
    *p.tensor = p.name.starts_with("output") ? own.at(p.name) : Tensor::empty(p.shape);
    if (p.name.starts_with("output")) continue;
    float* to = p.tensor->data<float>().data();
    for (const char* part : {"query", "key", "value"})
      to = std::ranges::copy(own.at(part + leaf).data<float>(), to).out;
  }
  const Tensor x = input(5, c.hidden), wanted = separate(x, {}, 0, one_text(5), {});
  EXPECT_LE(distance(stacked(x, {}, 0, one_text(5), {}), wanted), 1e-6);
  const std::vector<std::int32_t> last{4};
  EXPECT_LE(distance(stacked(x, {}, 0, one_text(5), {}, last), gather_rows(wanted, last)), 1e-6);
}

// OLMo 2 norms all heads together: a norm over each head gives other scores unless there is one head.
TEST(Attention, NormsOfQueriesAndKeysAreOverAHeadOrAllHeads) {
  const auto run = [](std::int64_t heads, QueryKeyNorm norm) {
    TransformerConfig c = small_config();
    c.heads = c.kv_heads = heads, c.head_dim = 12 / heads, c.query_key_norm = norm;
    Attention attention(c);
    fill(attention);
    return attention(input(5, c.hidden), {}, 0, one_text(5), {});
  };
  using enum QueryKeyNorm;
  EXPECT_EQ(distance(run(1, kHead), run(1, kAllHeads)), 0);
  EXPECT_EQ(parameters(*std::make_unique<Attention>([] {
              TransformerConfig c = small_config();
              c.query_key_norm = kAllHeads;
              return c;
            }()))[6]
                .shape,
            (Shape{12}));
}

// GPT-2's options scale the scores by a factor.
TEST(Attention, ScalesDivideTheScores) {
  TransformerConfig c = small_config();
  const Tensor x = input(5, c.hidden);
  const auto run = [&](AttentionScale scale, std::int64_t layer, float stretch) {
    c.attention_scale = scale;
    Attention a(c);
    fill(a);
    for (const Parameter& p : parameters(a))
      if (p.name.starts_with("query"))
        for (float& v : p.tensor->data<float>()) v *= stretch;
    return a(x, {}, layer, one_text(5), {});
  };
  const float root = std::sqrt(static_cast<float>(c.head_dim));
  const Tensor by_head = run(AttentionScale::kHeadDim, 2, 1);
  EXPECT_LE(distance(run(AttentionScale::kNone, 2, 1 / root), by_head), 1e-5);
  EXPECT_LE(distance(run(AttentionScale::kHeadDimAndLayer, 2, 3), by_head), 1e-5);
  EXPECT_LE(distance(run(AttentionScale::kLayer, 2, 3 / root), by_head), 1e-5);
  EXPECT_GT(distance(run(AttentionScale::kNone, 2, 1), by_head), 1e-3);
  c.attention_scale_dim = 4 * c.head_dim;
  EXPECT_LE(distance(run(AttentionScale::kHeadDim, 2, 2), by_head), 1e-5);
  c.attention_multiplier = 0.5;
  EXPECT_LE(distance(run(AttentionScale::kNone, 2, 2 / root), by_head), 1e-5);
}

TEST(Attention, ACapBoundsTheScores) {
  TransformerConfig c = small_config();
  const Tensor x = input(5, c.hidden);
  const auto run = [&](double cap) {
    c.attention_softcap = cap;
    Attention a(c);
    fill(a);
    return a(x, {}, 0, one_text(5), {});
  };
  EXPECT_LE(distance(run(1e4), run(0)), 1e-4);
  EXPECT_GT(distance(run(0.5), run(0)), 1e-3);
}

// The layer's number selects the window and the rotary positions.
TEST(Attention, LayersDiffer) {
  TransformerConfig c = small_config();
  c.positions = Positions::kRotary, c.window = 2, c.window_layers = {true, false}, c.unrotated_layers = {false, true};
  const auto run = [&](std::int64_t layer) {
    Attention a(c, layer);
    fill(a);
    AttentionBatch batch = one_text(5);
    batch.rotation = Rotation{RopeCache().table(c, c.rope, 5, kCpu), batch.rows.positions};
    return a(input(5, c.hidden), {}, 0, batch, {});
  };
  const Tensor near = run(0), plain = run(1);
  c.unrotated_layers = {};
  const Tensor rotated = run(1);
  EXPECT_LE(distance(near.slice(0, 0, 2), rotated.slice(0, 0, 2)), 1e-6);
  EXPECT_GT(distance(near.slice(0, 2, 5), rotated.slice(0, 2, 5)), 1e-3);
  EXPECT_GT(distance(plain, rotated), 1e-3);
}

// A learned prefix with the keys and values of real rows is equivalent to those rows.
TEST(Attention, APrefixIsReadBeforeEachSequence) {
  TransformerConfig c = small_config();
  Attention a(c);
  fill(a);
  std::map<std::string, Tensor> own;
  for (const Parameter& p : parameters(a)) own[p.name] = *p.tensor;
  const Tensor x = input(6, c.hidden);
  const Tensor whole = a(x, {}, 0, one_text(6), {});
  const Tensor head = x.slice(0, 0, 2), rest = contiguous(x.slice(0, 2, 6));
  AttentionBatch batch = one_text(4);
  batch.own = {batch.rows.starts, batch.rows.starts, 2};
  const PrefixKv prefix{linear(contiguous(head), own["key.weight"], own["key.bias"]),
                        linear(contiguous(head), own["value.weight"], own["value.bias"])};
  EXPECT_LE(distance(a(rest, prefix, 0, batch, {}), whole.slice(0, 2, 6)), 1e-6);
}

TEST(AttentionRows, JoinAPrefixToEachSequence) {
  const std::vector<std::int32_t> queries{0, 2, 3}, keys{0, 1, 3};
  const AttentionRows plain(queries, keys, 0), behind(queries, keys, 2);
  EXPECT_TRUE(plain.joined.empty());
  using Row = std::pair<std::int32_t, std::int32_t>;
  EXPECT_THAT(behind.joined, ElementsAre(Row{0, 0}, Row{0, 1}, Row{1, 0}, Row{0, 0}, Row{0, 1}, Row{1, 1}, Row{1, 2}));
  ASSERT_EQ(behind.sequences.size(), 2U);
  EXPECT_EQ(plain.sequences[1].kv_begin, 1);
  EXPECT_EQ(plain.sequences[1].kv_len, 2);
  EXPECT_EQ(behind.sequences[1].q_begin, 2);
  EXPECT_EQ(behind.sequences[1].q_len, 1);
  EXPECT_EQ(behind.sequences[1].kv_begin, 3);
  EXPECT_EQ(behind.sequences[1].kv_len, 4);
}

TEST(Attention, CrossReadsTheOtherStacksRows) {
  TransformerConfig c = small_config();
  Attention a(c);
  fill(a);
  const Tensor x = input(3, c.hidden), source = input(5, c.hidden, 9);
  using Starts = std::vector<std::int32_t>;
  AttentionBatch both, one;
  both.cross = AttentionRows(Starts{0, 2, 3}, Starts{0, 3, 5}, 0);
  one.cross = AttentionRows(Starts{0, 1}, Starts{0, 2}, 0);
  const Tensor together = a.cross(x, source, {}, 0, both, {});
  const Tensor alone = a.cross(contiguous(x.slice(0, 2, 3)), contiguous(source.slice(0, 3, 5)), {}, 0, one, {});
  EXPECT_LE(distance(together.slice(0, 2, 3), alone), 1e-6);
  // Kept in a cache, they give the same.
  const KvCache cache(c, DType::kF32);
  KvCache::Sequence first, second;
  KvCache::Sequence* const kept[] = {&first, &second};
  cache.reserve(first, 3);
  cache.reserve(second, 2);
  a.store_encoded(source, Starts{0, 3, 5}, 0, cache, kept, {});
  cache.advance(first, 3);
  cache.advance(second, 2);
  AttentionBatch stored;
  stored.rows.starts = {0, 2, 3};
  stored.rows.ids = {0, 0, 0};
  KvCache pool = cache;
  stored.cache = &pool;
  stored.encoded = kept;
  EXPECT_LE(distance(a.cross(x, {}, {}, 0, stored, {}), together), 1e-6);
  c.qkv = Qkv::kStacked;
  Attention joined(c);
  fill(joined);
  EXPECT_THROW(joined.cross(x, source, {}, 0, both, {}), Error);
}

}  // namespace
}  // namespace linnet::nn
