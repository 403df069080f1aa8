#include "linnet/tokenizer/byte_trie.h"

#include <bit>

namespace linnet {

ByteTrie::ByteTrie() : slots_(16), mask_(15), shift_(60) {}

void ByteTrie::grow() {
  std::vector<Slot> old(slots_.size() * 2);
  old.swap(slots_);
  mask_ = slots_.size() - 1;
  shift_ = 64 - std::countr_zero(slots_.size());
  for (const Slot& slot : old) {
    if (slot.key == UINT64_MAX) continue;
    std::uint64_t at = mix(slot.key) >> shift_;
    while (slots_[at & mask_].key != UINT64_MAX) ++at;
    slots_[at & mask_] = slot;
  }
}

void ByteTrie::insert(std::string_view key, std::int32_t value) {
  std::uint32_t node = 0;
  for (std::size_t i = 0; i < key.size(); ++i) {
    if (std::uint64_t{nodes_} * 2 >= slots_.size()) grow();
    const std::uint64_t slot_key = std::uint64_t{node} << 8 | static_cast<unsigned char>(key[i]);
    std::uint64_t at = mix(slot_key) >> shift_;
    while (slots_[at & mask_].key != slot_key && slots_[at & mask_].key != UINT64_MAX) ++at;
    Slot& slot = slots_[at & mask_];
    if (slot.key == UINT64_MAX) slot = {slot_key, nodes_++, -1};
    if (i + 1 == key.size()) slot.value = value;
    node = slot.child;
  }
}

std::size_t ByteTrie::longest(std::string_view text, std::int32_t* value) const {
  std::size_t best = 0;
  for_each_prefix(text, [&](std::size_t length, std::int32_t found) {
    best = length;
    if (value != nullptr) *value = found;
  });
  return best;
}

}  // namespace linnet
