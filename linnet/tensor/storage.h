// Bytes with an owner: heap memory from a caching allocator, or a range of a mapped file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace linnet {

class Storage {
 public:
  // Memory, 64-byte aligned, not initialised. Freed blocks are kept and handed out again, also for somewhat less: a
  // forward pass allocates the same sizes over and over, and fresh pages cost more than the arithmetic on them.
  static std::shared_ptr<Storage> allocate(std::size_t bytes);
  // Memory that `owner` keeps alive (a MappedFile).
  static std::shared_ptr<Storage> wrap(std::byte* data, std::size_t bytes, std::shared_ptr<void> owner);
  ~Storage();
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  std::byte* data() const { return data_; }
  std::size_t bytes() const { return bytes_; }
  bool mapped() const { return owner_ != nullptr; }

  // What a backend made from these bytes (packed weights): derived data, never saved. Whoever writes to the bytes
  // calls `changed`, which drops it.
  std::shared_ptr<void> derived;
  void changed() { derived.reset(); }

 private:
  Storage() = default;
  std::byte* data_ = nullptr;
  std::size_t bytes_ = 0, capacity_ = 0;
  std::shared_ptr<void> owner_;
};

struct MemoryUse {
  std::size_t live, peak, cached;  // bytes handed out now, at most, and kept for reuse
};
MemoryUse memory_use();
void release_cached_memory();

}  // namespace linnet
