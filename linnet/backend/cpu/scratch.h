// Working memory of a kernel: one growing buffer per thread and purpose, so that later calls do not allocate.
//
//   float* panel = scratch<ScratchFor::kPanel>(k * 32);
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

namespace linnet::cpu {

enum class ScratchFor : std::uint8_t {
  kActivations,
  kPanel,
  kQuantized,
  kScores,
  kKeys,
  kValues,
  kQueries,
  kRows,
  kReduce,
  kConvert,
  kTransposed
};

struct FreeAligned {
  void operator()(std::byte* p) const { ::operator delete[](p, std::align_val_t{64}); }
};
using AlignedBytes = std::unique_ptr<std::byte[], FreeAligned>;

inline AlignedBytes aligned_bytes(std::size_t bytes) {
  return AlignedBytes(static_cast<std::byte*>(::operator new[](bytes, std::align_val_t{64})));
}

// `count` values of T, 64-byte aligned, uninitialised; valid until the thread's next call.
template <ScratchFor kPurpose, class T = float>
T* scratch(std::int64_t count) {
  thread_local AlignedBytes buffer;
  thread_local std::size_t capacity = 0;
  const std::size_t bytes = static_cast<std::size_t>(count) * sizeof(T);
  if (bytes > capacity) {
    buffer.reset();
    capacity = 0;
    buffer = aligned_bytes(bytes + bytes / 4 + 64);
    capacity = bytes + bytes / 4 + 64;
  }
  return reinterpret_cast<T*>(buffer.get());  // NOLINT(clang-analyzer-cplusplus.NewDelete): it outlives the call
}

}  // namespace linnet::cpu
