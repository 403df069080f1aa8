#include "tests/ops/gradient_check.h"

namespace linnet {
namespace {

using namespace testing;

// Two sequences of a packed batch: 3 queries over 3 keys, 2 queries over 4.
const std::vector<AttentionSequence> kTwo{{0, 3, 0, 3, nullptr, nullptr}, {3, 2, 3, 4, nullptr, nullptr}};

std::vector<Tensor> inputs(std::int64_t heads, std::int64_t kv_heads) {
  return {random_tensor({5, heads, 4}, 1), random_tensor({7, kv_heads, 4}, 2), random_tensor({7, kv_heads, 4}, 3)};
}

TEST(Attention, IsSoftmaxTimesValues) {
  const std::vector<Tensor> in = inputs(1, 1);
  const Tensor y = attention(in[0], in[1], in[2], kTwo, 1, {.scale = 0.5f, .causal = true});
  ASSERT_EQ(y.shape(), (Shape{5, 4}));
  for (std::size_t d = 0; d < 4; ++d)
    EXPECT_FLOAT_EQ(y.data<float>()[d], in[2].data<float>()[d]);  // query 0 attends to key 0 only
  const auto q = in[0].data<float>().subspan(12, 4);  // query 0 of the second sequence attends to its keys 0, 1, 2
  double total = 0, wanted[4] = {};
  for (std::size_t j = 3; j < 6; ++j) {
    double score = 0;
    for (std::size_t d = 0; d < 4; ++d) score += static_cast<double>(q[d]) * in[1].data<float>()[j * 4 + d];
    const double weight = std::exp(0.5 * score);
    total += weight;
    for (std::size_t d = 0; d < 4; ++d) wanted[d] += weight * in[2].data<float>()[j * 4 + d];
  }
  for (std::size_t d = 0; d < 4; ++d) EXPECT_NEAR(y.data<float>()[12 + d], wanted[d] / total, 1e-5);
}

void check_with(const AttentionOptions& options, std::int64_t heads, std::int64_t kv_heads) {
  check_gradients([&](const auto& in) { return attention(in[0], in[1], in[2], kTwo, kv_heads, options); },
                  inputs(heads, kv_heads));
}

TEST(Attention, Gradients) {
  for (const bool causal : {false, true}) {
    check_with({.scale = 0.5f, .causal = causal}, 2, 2);
    check_with({.scale = 0.5f, .causal = causal}, 4, 2);
    check_with({.scale = 0.5f, .causal = causal}, 3, 1);
  }
}

TEST(Attention, GradientsWithAlibi) {
  const std::vector<float> slopes{0.5f, 0.25f};
  check_with({.scale = 0.7f, .causal = true, .alibi_slopes = slopes}, 2, 2);
  check_with({.scale = 0.7f, .causal = false, .alibi_slopes = slopes}, 2, 1);
}

TEST(Attention, GradientsWithWindowsAndCaps) {
  for (const bool causal : {false, true}) {
    check_with({.scale = 0.5f, .causal = causal, .window = 2}, 2, 1);
    check_with({.scale = 1.5f, .causal = causal, .softcap = 0.8f}, 2, 2);
    check_with({.scale = 1.5f, .causal = causal, .window = 1, .softcap = 0.8f}, 4, 2);
  }
}

TEST(Attention, AWindowHidesFarKeys) {
  const std::vector<Tensor> in = inputs(2, 2);
  const std::vector<AttentionSequence> one{{0, 5, 0, 5, nullptr, nullptr}};
  const auto found = values_of(attention(in[0], in[1], in[2], one, 2, {.causal = true, .window = 1}));
  // Each query sees its own key alone: the result is its value.
  const auto values = values_of(reshape(contiguous(in[2].slice(0, 0, 5)), {5, 2 * in[2].size(2)}));
  for (std::size_t i = 0; i < found.size(); ++i) ASSERT_NEAR(found[i], values[i], 1e-6) << i;
}

TEST(Attention, GradientsWithDropout) {
  check_with({.scale = 0.5f, .causal = true, .dropout = 0.3f, .dropout_key = {5, 6}}, 2, 2);
}

TEST(Attention, GradientsOfDistanceBias) {  // a reach of 2: farther keys share the last bias
  for (const bool causal : {false, true}) {
    std::vector<Tensor> in = inputs(2, 2);
    in.push_back(random_tensor({2, 5}, 4));
    check_gradients(
        [&](const auto& x) {
          return attention(x[0], x[1], x[2], kTwo, 2,
                           {.scale = 0.5f, .causal = causal, .distance_bias = x[3], .distance_reach = 2});
        },
        in);
  }
}

TEST(Attention, GradientsOfRelativePositions) {
  const std::vector<std::int32_t> buckets{0, 0, 1, 2, 2, 3, 4};  // distances -3 to 3
  for (const auto [queries, keys] : {std::pair{true, true}, std::pair{true, false}, std::pair{false, true}}) {
    std::vector<Tensor> in = inputs(2, 2);
    if (queries) in.push_back(random_tensor({2, in[0].size(0), 5}, 7));
    if (keys) in.push_back(random_tensor({2, in[1].size(0), 5}, 8));
    check_gradients(
        [&, queries = queries, keys = keys](const auto& x) {
          return attention(x[0], x[1], x[2], kTwo, 2,
                           {.scale = 0.5f,
                            .relative_queries = queries ? x[3] : Tensor(),
                            .relative_keys = keys ? x.back() : Tensor(),
                            .relative_buckets = buckets,
                            .relative_reach = 3});
        },
        in);
  }
}

TEST(Attention, RefusesRelativePositionsThatDoNotFit) {
  const std::vector<Tensor> in = inputs(2, 2);
  const Tensor terms = random_tensor({2, in[0].size(0), 5}, 7);
  const auto with = [&](const Tensor& queries, std::vector<std::int32_t> buckets, std::int64_t reach) {
    return attention(in[0], in[1], in[2], kTwo, 2,
                     {.relative_queries = queries, .relative_buckets = buckets, .relative_reach = reach});
  };
  expect_refused([&] { with(terms, {0, 1, 2}, 1); }, {"reach of 1"});
  expect_refused([&] { with(terms, {0, 1, 2}, 3); }, {"3 buckets"});
  expect_refused([&] { with(terms, {0, 1, 2, 3, 4, 5, 0}, 3); }, {"bucket 5"});
  expect_refused([&] { with(random_tensor({2, 1, 5}, 7), {0, 1, 2, 3, 4, 4, 4}, 3); }, {"relative positions"});
}

TEST(Attention, GradientsOfStridedViews) {  // q, k and v inside one fused projection
  const std::vector<AttentionSequence> one{{0, 3, 0, 3, nullptr, nullptr}};
  const auto part = [](const Tensor& x, std::int64_t i) { return view_select(x, {3, 3, 2, 4}, 1, i); };
  check_gradients(
      [&](const auto& in) {
        return attention(part(in[0], 0), part(in[0], 1), part(in[0], 2), one, 2, {.scale = 0.5f, .causal = true});
      },
      {random_tensor({3, 24}, 1)});
}

TEST(Attention, GradientsOfSomeInputs) {
  for (std::size_t only = 0; only < 3; ++only) {
    std::vector<Tensor> in = inputs(2, 2);
    in[only].set_requires_grad();
    check_gradients([](const auto& x) { return attention(x[0], x[1], x[2], kTwo, 2, {.scale = 0.5f}); }, in);
  }
}

TEST(Attention, CacheBlocksGiveWhatDenseKeysGive) {
  const std::int64_t keys = 70, kv_heads = 2;  // two blocks, the second partly filled
  const Tensor q = random_tensor({2, 4, 8}, 1), k = random_tensor({keys, kv_heads, 8}, 2),
               v = random_tensor({keys, kv_heads, 8}, 3);
  std::vector<float> blocks[2][2];
  void* pointers[2][2];
  for (int which = 0; which < 2; ++which)
    for (int b = 0; b < 2; ++b) {
      blocks[which][b].assign(static_cast<std::size_t>(kv_heads * kKvBlock * 8), NAN);  // not filled: must not be used
      pointers[which][b] = blocks[which][b].data();
    }
  KvStoreArgs rows{};
  rows.k = k.data<float>().data(), rows.v = v.data<float>().data();
  rows.k_stride = rows.v_stride = kv_heads * 8, rows.k_head_stride = rows.v_head_stride = 8;
  rows.rows = keys, rows.kv_heads = kv_heads, rows.head_dim = 8, rows.type = DType::kF32;
  rows.k_blocks = pointers[0], rows.v_blocks = pointers[1];
  backend(kCpu).kv_store(rows);
  const std::vector<AttentionSequence> dense{{0, 2, 0, keys, nullptr, nullptr}},
      cached{{0, 2, 0, keys, pointers[0], pointers[1]}};
  const AttentionOptions options{.scale = 0.3f, .causal = true};
  const auto wanted = values_of(attention(q, k, v, dense, kv_heads, options));
  const auto found = values_of(attention(q, {}, {}, cached, kv_heads, options));
  for (std::size_t i = 0; i < wanted.size(); ++i) ASSERT_NEAR(found[i], wanted[i], 1e-5) << i;
  Tensor learning = q.detach();
  learning.set_requires_grad();
  const GradGuard on(true);
  expect_refused([&] { attention(learning, {}, {}, cached, kv_heads, options); },
                 {"attention", "kv cache", "no gradient"});
}

TEST(Attention, RefusesWhatDoesNotFit) {
  const std::vector<Tensor> in = inputs(3, 2);
  expect_refused([&] { attention(in[0], in[1], in[2], kTwo, 2, {}); }, {"3 heads", "2 key heads"});
  const std::vector<Tensor> good = inputs(2, 2);
  const std::vector<AttentionSequence> far{{3, 3, 0, 3, nullptr, nullptr}}, keys{{0, 3, 5, 3, nullptr, nullptr}},
      none{{0, 3, 0, 0, nullptr, nullptr}}, unseen{{0, 3, 0, 2, nullptr, nullptr}},
      partly{{0, 3, 0, 3, nullptr, nullptr}};
  expect_refused([&] { attention(good[0], good[1], good[2], far, 2, {}); }, {"queries"});
  expect_refused([&] { attention(good[0], good[1], good[2], keys, 2, {}); }, {"keys 5+3"});
  expect_refused([&] { attention(good[0], good[1], good[2], none, 2, {}); }, {"no keys"});
  expect_refused([&] { attention(good[0], good[1], good[2], unseen, 2, {.causal = true}); }, {"3 queries see 2 keys"});
  expect_refused([&] { attention(good[0], good[1], good[2], partly, 2, {}); }, {"3 of 5"});
  expect_refused([&] { attention(good[0], good[1], good[2], kTwo, 2, {.window = -1}); }, {"window", "-1"});
  expect_refused([&] { attention(good[0], good[1], good[2], unseen, 2, {.window = 2}); }, {"3 queries see 2 keys"});
}

}  // namespace
}  // namespace linnet
