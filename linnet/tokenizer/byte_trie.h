// Byte strings with values, looked up by the beginning of a text.
//
//   ByteTrie trie; trie.insert("ab", 7);
//   trie.for_each_prefix("abc", [](std::size_t length, std::int32_t value) { … });   // (2, 7)
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace linnet {

class ByteTrie {
 public:
  ByteTrie();
  // The value is at least 0; a string inserted again takes the new one. Empty strings are left out.
  void insert(std::string_view key, std::int32_t value);
  bool empty() const { return nodes_ == 1; }

  // Every key that `text` starts with, shortest first.
  template <class Visit>
  void for_each_prefix(std::string_view text, Visit visit) const {
    std::uint32_t node = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
      const auto byte = static_cast<unsigned char>(text[i]);
      const Slot* slot = find(node, byte);
      if (slot == nullptr) return;
      node = slot->child;
      if (slot->value >= 0) visit(i + 1, slot->value);
    }
  }
  // Length of the longest key that `text` starts with, 0 for none; its value in `value`.
  std::size_t longest(std::string_view text, std::int32_t* value = nullptr) const;
  bool starts(unsigned char byte) const { return find(0, byte) != nullptr; }

 private:
  struct Slot {
    std::uint64_t key = UINT64_MAX;  // node << 8 | byte
    std::uint32_t child = 0;
    std::int32_t value = -1;  // of the string that ends with this byte
  };
  static std::uint64_t mix(std::uint64_t key) { return (key ^ key >> 23) * 0x9E3779B97F4A7C15ULL; }
  const Slot* find(std::uint32_t node, unsigned char byte) const {
    const std::uint64_t key = std::uint64_t{node} << 8 | byte;
    for (std::uint64_t at = mix(key) >> shift_;; ++at) {
      const Slot& slot = slots_[at & mask_];
      if (slot.key == key) return &slot;
      if (slot.key == UINT64_MAX) return nullptr;
    }
  }
  void grow();

  std::vector<Slot> slots_;
  std::uint64_t mask_ = 0;
  int shift_ = 0;
  std::uint32_t nodes_ = 1;  // the root is node 0
};

}  // namespace linnet
