// A hash table (open addressing) from pairs of token ids to the rank and result of their merge.
//
//   MergeTable t; t.insert(3, 4, {0, 7});
//   t.find(3, 4).id;   // 7
#pragma once

#include <cstdint>
#include <vector>

namespace linnet {

class MergeTable {
 public:
  static constexpr std::uint32_t kNone = UINT32_MAX;
  struct Merge {
    std::uint32_t rank = kNone;
    std::int32_t id = -1;
  };

  void reserve(std::size_t pairs) {
    std::size_t slots = 16;
    int bits = 4;
    for (; slots < pairs * 2 + 1; slots *= 2) ++bits;
    slots_.assign(slots, {});
    shift_ = 64 - bits;
  }
  // Call `reserve` first; a duplicate pair gets the later merge.
  void insert(std::int32_t left, std::int32_t right, Merge merge) {
    const std::uint64_t key = pack(left, right);
    std::size_t at = start(key);
    while (slots_[at].key != kFree && slots_[at].key != key) at = (at + 1) & (slots_.size() - 1);
    slots_[at] = {key, merge};
  }
  Merge find(std::int32_t left, std::int32_t right) const {
    const std::uint64_t key = pack(left, right);
    for (std::size_t at = start(key); slots_[at].key != kFree; at = (at + 1) & (slots_.size() - 1))
      if (slots_[at].key == key) return slots_[at].merge;
    return {};
  }

 private:
  static constexpr std::uint64_t kFree = UINT64_MAX;
  struct Slot {
    std::uint64_t key = kFree;
    Merge merge;
  };
  static std::uint64_t pack(std::int32_t left, std::int32_t right) {
    return std::uint64_t{static_cast<std::uint32_t>(left)} << 32 | static_cast<std::uint32_t>(right);
  }
  std::size_t start(std::uint64_t key) const {
    return static_cast<std::size_t>((key ^ key >> 29) * 0x9E3779B97F4A7C15ULL >> shift_);
  }
  std::vector<Slot> slots_ = std::vector<Slot>(16);
  int shift_ = 60;
};

}  // namespace linnet
