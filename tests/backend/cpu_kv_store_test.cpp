// Blocks of the KV cache have the bytes of the reference, however a text comes in pieces.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <vector>

#include "linnet/backend/backend.h"
#include "linnet/tensor/half.h"
#include "tests/backend/compare.h"

namespace linnet {
namespace {

using testing::Floats;
using testing::random_floats;

struct Blocks {
  std::vector<std::vector<std::byte>> data;
  std::vector<void*> k, v;

  Blocks(std::int64_t positions, std::size_t bytes) {
    for (std::int64_t i = 0; i < 2 * ((positions + kKvBlock - 1) / kKvBlock); ++i) {
      data.emplace_back(bytes, std::byte{0xFF});  // NaN where nothing is stored
      (i % 2 == 0 ? k : v).push_back(data.back().data());
    }
  }
};

constexpr std::int64_t kHeads = 3, kPositions = 133;

Blocks stored(Backend& backend, DType type, std::int64_t dim, const std::vector<std::int64_t>& pieces) {
  const Floats k = random_floats(kPositions * kHeads * dim, 1), v = random_floats(kPositions * kHeads * dim, 2);
  Blocks blocks(kPositions, row_bytes(type, kHeads * dim * kKvBlock));
  std::int64_t at = 0;
  for (const std::int64_t rows : pieces) {
    const std::int64_t from = at * kHeads * dim, stride = kHeads * dim;
    backend.kv_store({k.data() + from, v.data() + from, stride, dim, stride, dim, rows, kHeads, dim, at, type,
                      blocks.k.data(), blocks.v.data()});
    at += rows;
  }
  return blocks;
}

TEST(CpuKvStore, BlocksAreThoseOfTheReference) {
  const auto cpu = make_cpu_backend(), reference = make_reference_backend();
  for (const DType type : {DType::kF32, DType::kBF16})
    for (const std::int64_t dim : {1, 2, 7, 32, 64})
      for (const std::vector<std::int64_t>& pieces :
           {std::vector<std::int64_t>{133}, {1, 1, 1, 130}, {63, 2, 68}, {64, 69}, {5, 128}})
        EXPECT_EQ(stored(*cpu, type, dim, pieces).data, stored(*reference, type, dim, {kPositions}).data)
            << info(type).name << " dim " << dim << ", " << pieces.size() << " pieces";
}

TEST(CpuKvStore, TheSecondValueOfABegunPairIsZero) {
  constexpr std::int64_t kDim = 7;
  for (const auto& backend : {make_cpu_backend(), make_reference_backend()}) {
    const Blocks blocks = stored(*backend, DType::kBF16, kDim, {kPositions});
    const auto* const head = static_cast<const std::uint16_t*>(blocks.v.back());
    for (std::int64_t d = 0; d < kDim; ++d)
      EXPECT_EQ(head[value_place(DType::kBF16, kDim, kPositions % kKvBlock, d)], 0);
    EXPECT_TRUE(std::isnan(bfloat_to_float(head[value_place(DType::kBF16, kDim, kPositions % kKvBlock + 1, 0)])));
  }
}

}  // namespace
}  // namespace linnet
