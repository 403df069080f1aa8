// A row's result has the same bits among few or many rows, first or last, with dense or cached keys.
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "linnet/base/parallel.h"
#include "tests/backend/compare.h"
#include "tests/backend/weights.h"

namespace linnet {
namespace {

using testing::Floats;
using testing::make_weight;
using testing::random_floats;
using testing::Weight;

constexpr std::int64_t kMost = 60;

class LinearCompany : public ::testing::TestWithParam<DType> {};

TEST_P(LinearCompany, ARowIsTheSameAmongFewAndMany) {
  const auto cpu = make_cpu_backend();
  const std::int64_t in = info(GetParam()).quantized ? 768 : 837;  // several slices of k, the last one odd
  for (const std::int64_t out : {30, 100, 192})
    for (const Precision precision : {Precision::kByWeight, Precision::kF32, Precision::kBF16})
      for (const bool accumulate : {false, true}) {
        const Weight weight = make_weight(GetParam(), out, in, WeightLayout::kOutIn, true);
        const Floats x = random_floats(kMost * in, 1), bias = random_floats(out, 2),
                     before = random_floats(kMost * out, 3);
        const auto rows = [&](std::int64_t first, std::int64_t count) {
          Floats y(before.begin() + first * out, before.begin() + (first + count) * out);
          cpu->linear({x.data() + first * in, in, count, weight.view, accumulate ? nullptr : bias.data(), y.data(), out,
                       accumulate, precision});
          return y;
        };
        const Floats all = rows(0, kMost);
        for (const std::int64_t count : {1, 2, 4, 6, 7, 8, 12, 13, 24, 25, 48, 49})
          for (const std::int64_t first : {std::int64_t{0}, kMost / 2 - count / 2, kMost - count}) {
            const Floats some = rows(first, count);
            ASSERT_TRUE(std::equal(some.begin(), some.end(), all.begin() + first * out))
                << info(GetParam()).name << ": " << count << " rows from " << first << ", " << out << " columns";
          }
      }
}

INSTANTIATE_TEST_SUITE_P(Types, LinearCompany,
                         ::testing::Values(DType::kF32, DType::kBF16, DType::kF16, DType::kQ8_0, DType::kQ4_0,
                                           DType::kQ4_1, DType::kQ5_1, DType::kQ3_K, DType::kQ4_K, DType::kQ5_K,
                                           DType::kQ6_K, DType::kIQ4_NL, DType::kIQ4_XS),
                         [](const auto& type) { return std::string(linnet::info(type.param).name); });

// One text in an f32 cache, and a longer one next to it.
struct Text {
  std::int64_t length, heads, kv_heads, dim;
  Floats q, k, v;
  std::vector<std::vector<std::byte>> blocks;
  std::vector<void*> k_blocks, v_blocks;

  Text(std::int64_t length, std::int64_t heads, std::int64_t kv_heads, std::int64_t dim, DType type, Backend& backend,
       std::uint64_t seed)
      : length(length), heads(heads), kv_heads(kv_heads), dim(dim) {
    q = random_floats(length * heads * dim, seed);
    k = random_floats(length * kv_heads * dim, seed + 1);
    v = random_floats(length * kv_heads * dim, seed + 2);
    for (std::int64_t i = 0; i < 2 * ((length + kKvBlock - 1) / kKvBlock); ++i) {
      blocks.emplace_back(row_bytes(type, kv_heads * dim * kKvBlock), std::byte{0xFF});  // NaN where nothing is stored
      (i % 2 == 0 ? k_blocks : v_blocks).push_back(blocks.back().data());
    }
    const std::int64_t stride = kv_heads * dim;
    backend.kv_store({k.data(), v.data(), stride, dim, stride, dim, length, kv_heads, dim, 0, type, k_blocks.data(),
                      v_blocks.data()});
  }

  // Queries first … first + count, with the keys before them.
  AttentionSequence cached(std::int64_t begin, std::int64_t first, std::int64_t count) const {
    return {begin, count, 0, first + count, k_blocks.data(), v_blocks.data()};
  }
};

AttentionArgs arguments(const Text& text, DType type, const std::vector<AttentionSequence>& sequences, const Floats& q,
                        Floats& out, std::int64_t window) {
  AttentionArgs a{};
  a.q = q.data();
  a.q_stride = text.heads * text.dim;
  a.q_head_stride = text.dim;
  a.k = text.k.data();
  a.v = text.v.data();
  a.k_stride = a.v_stride = text.kv_heads * text.dim;
  a.k_head_stride = a.v_head_stride = text.dim;
  a.kv_type = type;
  a.sequences = sequences.data();
  a.sequence_count = static_cast<std::int64_t>(sequences.size());
  a.heads = text.heads;
  a.kv_heads = text.kv_heads;
  a.head_dim = text.dim;
  a.scale = 0.2F;
  a.causal = true;
  a.window = window;
  out.assign(q.size(), 0.0F);
  a.out = out.data();
  a.out_stride = text.heads * text.dim;
  return a;
}

struct Shape {
  std::int64_t heads, kv_heads, dim;
};

TEST(AttentionCompany, AQueryIsTheSameInAnyChunkAndBesideAnyText) {
  const auto cpu = make_cpu_backend();
  for (const Shape& shape : {Shape{9, 3, 64}, Shape{4, 4, 32}, Shape{6, 2, 20}, Shape{8, 1, 64}})
    for (const auto& [type, window] :
         {std::pair(DType::kF32, std::int64_t{0}), {DType::kBF16, 0}, {DType::kBF16, 37}, {DType::kF32, 70}}) {
      const std::int64_t length = 150, width = shape.heads * shape.dim;
      const Text text(length, shape.heads, shape.kv_heads, shape.dim, type, *cpu, 1),
          other(200, shape.heads, shape.kv_heads, shape.dim, type, *cpu, 11);
      Floats whole;
      cpu->attention(arguments(text, type, {text.cached(0, 0, length)}, text.q, whole, window));
      if (type == DType::kF32) {  // as dense keys
        Floats dense;
        cpu->attention(arguments(text, type, {{0, length, 0, length, nullptr, nullptr}}, text.q, dense, window));
        EXPECT_EQ(dense, whole);
      }
      for (const std::int64_t chunk : {1, 2, 5, 16, 64, 149})
        for (std::int64_t first = 0; first < length; first += chunk) {
          const std::int64_t count = std::min(chunk, length - first);
          for (const bool company : {false, true}) {
            Floats q(text.q.begin() + first * width, text.q.begin() + (first + count) * width), out;
            std::vector<AttentionSequence> sequences{text.cached(0, first, count)};
            if (company) {
              q.insert(q.end(), other.q.begin(), other.q.end());
              sequences.push_back(other.cached(count, 0, 200));
            }
            cpu->attention(arguments(text, type, sequences, q, out, window));
            ASSERT_TRUE(std::equal(out.begin(), out.begin() + count * width, whole.begin() + first * width))
                << "heads " << shape.heads << " chunk " << chunk << " at " << first << " company " << company;
          }
        }
    }
}

}  // namespace
}  // namespace linnet
