#include <gtest/gtest.h>

#include <cstring>
#include <thread>
#include <vector>

#include "linnet/backend/cpu/packed_bytes.h"
#include "linnet/tensor/storage.h"

namespace linnet::cpu {
namespace {

TEST(PackedBytes, MatricesDoNotOverlap) {
  std::vector<PackedBytes> all;
  std::vector<std::size_t> sizes;
  for (const std::size_t bytes : {1, 64, 65, 4096, 1 << 20, 20 << 20, 7, 3 << 20}) {
    all.push_back(packed_bytes(bytes));
    sizes.push_back(bytes);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(all.back().get()) % 64, 0U) << bytes;
    std::memset(all.back().get(), static_cast<int>(all.size()), bytes + 64);  // 64 more may be read
  }
  for (std::size_t i = 0; i < all.size(); ++i)
    for (const std::size_t at : {std::size_t{0}, sizes[i] / 2, sizes[i] - 1})
      EXPECT_EQ(all[i][static_cast<std::ptrdiff_t>(at)], i + 1) << i << ' ' << at;
}

TEST(PackedBytes, APieceIsFreedWithItsLastMatrix) {
  const std::size_t before = memory_use().live;
  PackedBytes small = packed_bytes(100), large = packed_bytes(std::size_t{40} << 20);
  EXPECT_GE(memory_use().live, before + (std::size_t{40} << 20));
  large = nullptr;
  EXPECT_LT(memory_use().live, before + (std::size_t{40} << 20));
  small = nullptr;
  EXPECT_EQ(memory_use().live, before);
}

TEST(PackedBytes, Threads) {
  std::vector<std::vector<PackedBytes>> found(4);
  {
    std::vector<std::jthread> team;
    for (std::size_t t = 0; t < found.size(); ++t)
      team.emplace_back([&, t] {
        for (int i = 0; i < 200; ++i) {
          found[t].push_back(packed_bytes(5000));
          std::memset(found[t].back().get(), static_cast<int>(t), 5000);
        }
      });
  }
  for (std::size_t t = 0; t < found.size(); ++t)
    for (const PackedBytes& bytes : found[t]) EXPECT_TRUE(bytes[0] == t && bytes[4999] == t);
}

}  // namespace
}  // namespace linnet::cpu
