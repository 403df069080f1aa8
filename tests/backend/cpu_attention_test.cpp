#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "linnet/backend/backend.h"
#include "tests/backend/compare.h"

namespace linnet {
namespace {

using testing::Floats;
using testing::random_floats;

struct Case {
  std::int64_t heads, kv_heads, head_dim;
  bool causal, alibi;
  std::int64_t reach;  // 0: no distance bias
  float dropout;
  std::vector<std::int64_t> lengths;
  bool relative_queries = false, relative_keys = false;
  std::int64_t window = 0;
  float softcap = 0;
};

// Packed sequences; queries and keys are columns of one fused matrix.
struct Problem {
  explicit Problem(const Case& c) : c(c) {
    for (const std::int64_t length : c.lengths) {
      sequences.push_back({rows, length, rows, length, nullptr, nullptr});
      rows += length;
    }
    width = (c.heads + 2 * c.kv_heads) * c.head_dim + 1;
    qkv = random_floats(rows * width, 1);
    slopes = random_floats(c.heads, 2, 0.1F);
    bias = random_floats(c.heads * (2 * c.reach + 1), 3);
    for (const std::int64_t length : c.lengths) relative_reach = std::max(relative_reach, length - 1);
    for (std::int64_t d = -relative_reach; d <= relative_reach; ++d)
      buckets.push_back(static_cast<std::int32_t>(std::clamp<std::int64_t>(d / 2, -3, 3) + 3));
    query_terms = random_floats(c.heads * rows * 7, 4);
    key_terms = random_floats(c.heads * rows * 7, 5);
    out.resize(static_cast<std::size_t>(rows * c.heads * c.head_dim));
    log_sum.resize(static_cast<std::size_t>(rows * c.heads));
  }
  AttentionArgs args() {
    AttentionArgs a{};
    a.q = qkv.data();
    a.k = a.q + c.heads * c.head_dim;
    a.v = a.k + c.kv_heads * c.head_dim;
    a.q_stride = a.k_stride = a.v_stride = width;
    a.q_head_stride = a.k_head_stride = a.v_head_stride = c.head_dim;
    a.sequences = sequences.data();
    a.sequence_count = static_cast<std::int64_t>(sequences.size());
    a.heads = c.heads;
    a.kv_heads = c.kv_heads;
    a.head_dim = c.head_dim;
    a.scale = 0.3F;
    a.causal = c.causal;
    a.alibi_slopes = c.alibi ? slopes.data() : nullptr;
    a.distance_bias = c.reach > 0 ? bias.data() : nullptr;
    a.distance_reach = c.reach;
    if (c.relative_queries || c.relative_keys)
      a.relative = {.queries = c.relative_queries ? query_terms.data() : nullptr,
                    .keys = c.relative_keys ? key_terms.data() : nullptr,
                    .query_rows = rows,
                    .key_rows = rows,
                    .count = 7,
                    .buckets = buckets.data(),
                    .reach = relative_reach};
    a.window = c.window;
    a.softcap = c.softcap;
    a.dropout = c.dropout;
    a.dropout_key = {3, 4};
    a.out = out.data();
    a.out_stride = c.heads * c.head_dim;
    a.log_sum = log_sum.data();
    return a;
  }

  Case c;
  std::vector<AttentionSequence> sequences;
  std::int64_t rows = 0, width = 0, relative_reach = 0;
  std::vector<std::int32_t> buckets;
  Floats qkv, slopes, bias, query_terms, key_terms, out, log_sum;
};

const std::vector<Case>& cases() {
  static const std::vector<Case> all{
      {1, 1, 8, true, false, 0, 0, {1}},
      {2, 2, 32, false, false, 0, 0, {25, 3, 64, 65}},
      {9, 3, 64, true, false, 0, 0, {1, 5, 130, 200}},
      {4, 2, 5, true, true, 0, 0, {7, 70, 1}},
      {3, 1, 48, false, false, 6, 0, {40, 66}},
      {2, 2, 16, true, false, 0, 0.3F, {70, 2, 20}},
      {4, 4, 33, false, true, 3, 0.5F, {13}},
      {3, 3, 24, false, false, 0, 0, {70, 1, 5}, true, true},
      {2, 2, 16, false, false, 0, 0.3F, {66, 3}, true, false},
      {2, 2, 16, false, false, 2, 0, {9, 130}, false, true},
      {3, 1, 10, true, false, 0, 0, {1, 200, 66}, false, false, 1},
      {6, 2, 48, true, false, 0, 0, {300, 5, 64}, false, false, 100},
      {2, 2, 16, true, true, 0, 0.3F, {130}, false, false, 64},
      {4, 2, 20, false, false, 0, 0, {3, 250, 70}, false, false, 33},
      {2, 1, 8, false, false, 0, 0, {300}, false, false, 65},
      {4, 2, 24, true, false, 0, 0, {70, 9}, false, false, 0, 0.5F},
      {2, 2, 6, false, false, 2, 0.2F, {90}, false, false, 20, 3},
  };
  return all;
}

TEST(CpuAttention, MatchesTheReference) {
  const auto cpu = make_cpu_backend(), reference = make_reference_backend();
  for (std::size_t i = 0; i < cases().size(); ++i) {
    SCOPED_TRACE(i);
    Problem found(cases()[i]), wanted(cases()[i]);
    cpu->attention(found.args());
    reference->attention(wanted.args());
    EXPECT_CLOSE(found.out, wanted.out, 3e-6);
    EXPECT_CLOSE(found.log_sum, wanted.log_sum, 3e-6);
  }
}

TEST(CpuAttention, GradientMatchesTheReference) {
  const auto cpu = make_cpu_backend(), reference = make_reference_backend();
  for (std::size_t i = 0; i < cases().size(); ++i) {
    SCOPED_TRACE(i);
    Problem problem(cases()[i]);
    const AttentionArgs forward = problem.args();
    reference->attention(forward);
    const Floats dout = random_floats(static_cast<std::int64_t>(problem.out.size()), 9);
    Floats d_terms;
    const auto gradient = [&](Backend& backend, bool with_bias, Floats& d_bias) {
      Floats grad = random_floats(static_cast<std::int64_t>(problem.qkv.size()), 10, 0.1F);
      AttentionGradArgs args{};
      args.forward = forward;
      args.dout = dout.data();
      args.dq = grad.data();
      args.dk = args.dq + (forward.k - forward.q);
      args.dv = args.dq + (forward.v - forward.q);
      d_bias.assign(problem.bias.size(), 0.5F);
      args.ddistance_bias = with_bias && forward.distance_bias != nullptr ? d_bias.data() : nullptr;
      const auto terms = static_cast<std::int64_t>(problem.query_terms.size());
      d_terms = random_floats(2 * terms, 11);
      if (problem.c.relative_queries) args.drelative_queries = d_terms.data();
      if (problem.c.relative_keys) args.drelative_keys = d_terms.data() + terms;
      backend.attention_grad(args);
      return grad;
    };
    for (const bool with_bias : {false, true}) {
      Floats bias_found, bias_wanted;
      const Floats found = gradient(*cpu, with_bias, bias_found), terms_found = d_terms,
                   wanted = gradient(*reference, with_bias, bias_wanted);
      EXPECT_CLOSE(terms_found, d_terms, 1e-5);
      EXPECT_CLOSE(found, wanted, 1e-5);
      EXPECT_CLOSE(bias_found, bias_wanted, 1e-5);
    }
  }
}

// The cache: blocks of 64 keys [kv_head][head_dim][64] and values [kv_head][64][head_dim], the last one partly filled
// with random data.
TEST(CpuAttention, CacheBlocks) {
  const auto cpu = make_cpu_backend(), reference = make_reference_backend();
  const std::int64_t heads = 6, kv_heads = 2, head_dim = 20, values = kv_heads * kKvBlock * head_dim;
  for (const DType type : {DType::kF32, DType::kBF16})
    for (const std::int64_t q_len : {1, 3, 30}) {
      const std::int64_t kv_len = 150;
      std::vector<Floats> numbers;
      std::vector<std::vector<std::uint16_t>> narrow(6);
      std::vector<const void*> k_blocks, v_blocks;
      for (std::uint64_t b = 0; b < 6; ++b) {
        numbers.push_back(random_floats(values, 20 + b));
        narrow[b].resize(static_cast<std::size_t>(values));
        for (std::size_t i = 0; i < narrow[b].size(); ++i) {
          std::uint32_t bits;
          std::memcpy(&bits, &numbers[b][i], 4);
          narrow[b][i] = static_cast<std::uint16_t>(bits >> 16);
        }
        const void* const block = type == DType::kF32 ? static_cast<const void*>(numbers[b].data()) : narrow[b].data();
        (b < 3 ? k_blocks : v_blocks).push_back(block);
      }
      const AttentionSequence sequence{0, q_len, 0, kv_len, k_blocks.data(), v_blocks.data()};
      const Floats q = random_floats(q_len * heads * head_dim, 5);
      Floats found(q.size()), wanted(q.size());
      AttentionArgs a{};
      a.q = q.data();
      a.q_stride = heads * head_dim;
      a.q_head_stride = head_dim;
      a.kv_type = type;
      a.sequences = &sequence;
      a.sequence_count = 1;
      a.heads = heads;
      a.kv_heads = kv_heads;
      a.head_dim = head_dim;
      a.scale = 0.2F;
      a.causal = true;
      a.out = found.data();
      a.out_stride = heads * head_dim;
      cpu->attention(a);
      a.out = wanted.data();
      reference->attention(a);
      EXPECT_CLOSE(found, wanted, 3e-6);
    }
}

}  // namespace
}  // namespace linnet
