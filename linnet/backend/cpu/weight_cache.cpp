#include "linnet/backend/cpu/weight_cache.h"

#include <memory>
#include <mutex>
#include <vector>

#include "linnet/backend/cpu/cpu.h"

namespace linnet::cpu {
namespace {

constexpr std::size_t kMostViews = 4;

struct Entry {
  const void* data;
  std::int64_t out, in;
  WeightLayout layout;
  std::unique_ptr<PackedMatrix> packed;
  std::unique_ptr<QuantizedMatrix> quantized;
};
struct WeightCache {
  std::vector<Entry> entries;
};

// A weight is packed once, by all threads: one lock for all weights is enough.
std::mutex& lock() {
  static std::mutex mutex;
  return mutex;
}

Entry* entry_of(const WeightView& w) {
  if (!w.constant || w.storage == nullptr) return nullptr;
  if (w.storage->derived == nullptr) w.storage->derived = std::make_shared<WeightCache>();
  auto& entries = static_cast<WeightCache*>(w.storage->derived.get())->entries;
  for (Entry& e : entries)
    if (e.data == w.data && e.out == w.out && e.in == w.in && e.layout == w.layout) return &e;
  if (entries.size() >= kMostViews) return nullptr;
  entries.reserve(kMostViews);  // entries never move
  return &entries.emplace_back(Entry{w.data, w.out, w.in, w.layout, nullptr, nullptr});
}

}  // namespace

const PackedMatrix* packed_matrix(const WeightView& w) {
  const std::lock_guard guard(lock());
  Entry* const entry = entry_of(w);
  if (entry == nullptr) return nullptr;
  if (entry->packed == nullptr) entry->packed = std::make_unique<PackedMatrix>(pack_matrix(w));
  return entry->packed.get();
}

const QuantizedMatrix* quantized_matrix(const WeightView& w) {
  if (w.layout != WeightLayout::kOutIn) return nullptr;
  const std::lock_guard guard(lock());
  Entry* const entry = entry_of(w);
  if (entry == nullptr) return nullptr;
  if (entry->quantized == nullptr) entry->quantized = std::make_unique<QuantizedMatrix>(pack_quantized(w));
  return entry->quantized.get();
}

}  // namespace linnet::cpu

namespace linnet {
std::size_t packed_weight_bytes(DType type, std::int64_t out, std::int64_t in) {
  return info(type).quantized ? cpu::quantized_bytes(type, out, in)
                              : static_cast<std::size_t>(out) * row_bytes(type, in);
}
}  // namespace linnet
