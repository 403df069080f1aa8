#include "linnet/tensor/storage.h"

#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <iterator>
#include <map>
#include <mutex>
#include <new>

namespace linnet {
namespace {

constexpr std::size_t kAlignment = 64, kHugePage = std::size_t{2} << 20;
constexpr std::size_t kMostCached = std::size_t{1} << 30;  // or the peak minus current use, if larger
constexpr std::size_t kMostAtOnce = std::size_t{1} << 62;  // no machine has that much; rounding up cannot overflow

// Sizes are rounded so that similar requests share a block: to 64 bytes, above 64 KiB to an eighth of the power of two
// below.
std::size_t rounded(std::size_t bytes) {
  std::size_t step = kAlignment;
  if (bytes > (std::size_t{64} << 10)) step = std::max(kAlignment, std::bit_floor(bytes) / 8);
  return (std::max<std::size_t>(bytes, 1) + step - 1) / step * step;
}

struct Memory {
  std::byte* data;
  std::size_t size;
};

class CachingAllocator {
 public:
  // Takes the smallest free block that is large enough but not much larger: sizes of training batches differ.
  Memory allocate(std::size_t bytes) {
    if (bytes > kMostAtOnce) throw std::bad_alloc();
    const std::size_t size = rounded(bytes);
    {
      const std::lock_guard lock(mutex_);
      if (const auto found = free_.lower_bound(size); found != free_.end() && found->first <= size + size / 2) {
        const Memory block{found->second, found->first};
        free_.erase(found);
        use_.cached -= block.size;
        count(block.size);
        return block;
      }
      count(size);
      evict();
    }
    return {fresh(size), size};
  }

  void release(const Memory& memory) noexcept {
    const auto& [block, size] = memory;
    const std::lock_guard lock(mutex_);
    use_.live -= size;
    use_.cached += size;
    free_.emplace(size, block);
    evict();
  }

  void trim() {
    const std::lock_guard lock(mutex_);
    for (const auto& [size, block] : free_) std::free(block);
    free_.clear();
    use_.cached = 0;
  }

  MemoryUse use() {
    const std::lock_guard lock(mutex_);
    return use_;
  }

 private:
  std::byte* fresh(std::size_t size) {
    const std::size_t alignment = size >= kHugePage ? kHugePage : kAlignment;
    const std::size_t whole = (size + alignment - 1) / alignment * alignment;
    void* block = std::aligned_alloc(alignment, whole);
    if (block == nullptr) {
      trim();
      block = std::aligned_alloc(alignment, whole);
    }
    if (block == nullptr) {
      const std::lock_guard lock(mutex_);
      use_.live -= size;
      throw std::bad_alloc();
    }
    if (size >= kHugePage) ::madvise(block, size, MADV_HUGEPAGE);
    return static_cast<std::byte*>(block);
  }

  // Evicts the largest first: a few of them suffice.
  void evict() noexcept {
    while (use_.cached > std::max(kMostCached, use_.peak - use_.live)) {
      const auto largest = std::prev(free_.end());
      std::free(largest->second);
      use_.cached -= largest->first;
      free_.erase(largest);
    }
  }

  void count(std::size_t size) {
    use_.live += size;
    use_.peak = std::max(use_.peak, use_.live);
  }

  std::mutex mutex_;
  std::multimap<std::size_t, std::byte*> free_;
  MemoryUse use_{};
};

// Never destroyed: tensors with static storage may outlive any other static.
CachingAllocator& heap() {
  static auto* const instance = new CachingAllocator;
  return *instance;
}

}  // namespace

std::shared_ptr<Storage> Storage::allocate(std::size_t bytes) {
  std::shared_ptr<Storage> storage(new Storage);
  const Memory memory = heap().allocate(bytes);
  storage->data_ = memory.data;
  storage->capacity_ = memory.size;
  storage->bytes_ = bytes;
  return storage;
}

std::shared_ptr<Storage> Storage::wrap(std::byte* data, std::size_t bytes, std::shared_ptr<void> owner, Device device) {
  std::shared_ptr<Storage> storage(new Storage);
  storage->data_ = data;
  storage->bytes_ = bytes;
  storage->owner_ = std::move(owner);
  storage->device_ = device;
  return storage;
}

Storage::~Storage() {
  if (data_ != nullptr && owner_ == nullptr) heap().release({data_, capacity_});
}

MemoryUse memory_use() { return heap().use(); }
void release_cached_memory() { heap().trim(); }

}  // namespace linnet
