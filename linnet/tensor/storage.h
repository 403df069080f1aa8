// Owned bytes: heap memory from a caching allocator, a range of a mapped file, or memory of another device.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "linnet/tensor/device.h"

namespace linnet {

class Storage {
 public:
  // Uninitialised memory, 64-byte aligned. Freed blocks are cached and reused, also for somewhat smaller sizes: a
  // forward pass allocates the same sizes again and again, and fresh pages cost more than the arithmetic on them.
  static std::shared_ptr<Storage> allocate(std::size_t bytes);
  // Memory that `owner` keeps alive: a MappedFile, or the memory of a device (allocator.h).
  static std::shared_ptr<Storage> wrap(std::byte* data, std::size_t bytes, std::shared_ptr<void> owner,
                                       Device device = kCpu);
  ~Storage();
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  std::byte* data() const { return data_; }
  std::size_t bytes() const { return bytes_; }
  Device device() const { return device_; }
  bool mapped() const { return owner_ != nullptr && device_ == kCpu; }

  // Data that a backend derived from these bytes (packed weights); never saved. Code that writes to the bytes calls
  // `changed`, which drops it.
  std::shared_ptr<void> derived;
  void changed() { derived.reset(); }

 private:
  Storage() = default;
  std::byte* data_ = nullptr;
  std::size_t bytes_ = 0, capacity_ = 0;
  std::shared_ptr<void> owner_;
  Device device_;
};

struct MemoryUse {
  std::size_t live, peak, cached;  // allocated bytes now, at most, and cached for reuse
};
MemoryUse memory_use();
void release_cached_memory();

}  // namespace linnet
