#include "linnet/tensor/storage.h"

#include <gtest/gtest.h>

#include <vector>

namespace linnet {
namespace {

TEST(Storage, IsAlignedAndItsSizeIsTheOneAskedFor) {
  for (const std::size_t bytes : {0, 1, 63, 64, 100'000, 5'000'000}) {
    const auto storage = Storage::allocate(bytes);
    EXPECT_EQ(storage->bytes(), bytes);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(storage->data()) % 64, 0U);
    EXPECT_FALSE(storage->mapped());
    for (std::size_t i = 0; i < bytes; i += 4096) storage->data()[i] = std::byte{1};
  }
}

TEST(Storage, FreedBlocksAreHandedOutAgain) {
  release_cached_memory();
  const std::byte* first = Storage::allocate(300'000)->data();
  EXPECT_GE(memory_use().cached, 300'000U);
  EXPECT_EQ(Storage::allocate(300'000)->data(), first);
  release_cached_memory();
  EXPECT_EQ(memory_use().cached, 0U);
}

TEST(Storage, AFreedBlockServesSomewhatLessAndComesBackWhole) {
  release_cached_memory();
  const std::byte* first = Storage::allocate(300'000)->data();
  const std::size_t cached = memory_use().cached;
  EXPECT_EQ(Storage::allocate(220'000)->data(), first);
  EXPECT_EQ(memory_use().cached, cached);
  EXPECT_NE(Storage::allocate(100'000)->data(), first);  // much too large
  EXPECT_NE(Storage::allocate(400'000)->data(), first);
  EXPECT_EQ(Storage::allocate(300'000)->data(), first);
  release_cached_memory();
}

// The memory of the peak is reused, so that training allocates pages only in its first step.
TEST(Storage, AsMuchIsKeptAsWasInUseAtThePeak) {
  release_cached_memory();
  const std::size_t before = memory_use().live;
  { const auto a = Storage::allocate(std::size_t{700} << 20), b = Storage::allocate(std::size_t{700} << 20); }
  EXPECT_GE(memory_use().cached, std::size_t{1400} << 20);
  EXPECT_LE(memory_use().cached, memory_use().peak - before);
  // A request that no block fits evicts blocks.
  const auto other = Storage::allocate(std::size_t{1200} << 20);
  EXPECT_LE(memory_use().live + memory_use().cached,
            std::max(memory_use().peak, memory_use().live + (std::size_t{1} << 30)));
  release_cached_memory();
}

TEST(Storage, MemoryInUseIsCountedWithItsPeak) {
  const MemoryUse before = memory_use();
  {
    const auto a = Storage::allocate(1 << 20), b = Storage::allocate(1 << 20);
    EXPECT_GE(memory_use().live, before.live + (2 << 20));
  }
  const MemoryUse after = memory_use();
  EXPECT_EQ(after.live, before.live);
  EXPECT_GE(after.peak, before.live + (2 << 20));
}

TEST(Storage, WrappedMemoryKeepsItsOwnerAndIsNotFreed) {
  const auto owner = std::make_shared<std::vector<std::byte>>(16);
  {
    const auto storage = Storage::wrap(owner->data(), 16, owner);
    EXPECT_TRUE(storage->mapped());
    EXPECT_EQ(storage->data(), owner->data());
    EXPECT_EQ(owner.use_count(), 2);
  }
  EXPECT_EQ(owner.use_count(), 1);
}

TEST(Storage, AChangeDropsWhatWasDerived) {
  const auto storage = Storage::allocate(8);
  const auto packed = std::make_shared<int>(1);
  storage->derived = packed;
  storage->changed();
  EXPECT_EQ(storage->derived, nullptr);
  EXPECT_EQ(packed.use_count(), 1);
}

}  // namespace
}  // namespace linnet
