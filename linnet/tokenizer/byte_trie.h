// A map from byte strings to values that finds the prefixes of a text.
//
//   ByteTrie trie; trie.insert("ab", 7);
//   trie.for_each_prefix("abc", [](std::size_t length, std::int32_t value) { … });   // (2, 7)
//
// A radix tree: an edge has all bytes up to the next branch, so that a long key is stored once and compared at once.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace linnet {

class ByteTrie {
 public:
  ByteTrie();
  // The value is at least 0; a duplicate key gets the new value. Empty strings are ignored.
  void insert(std::string_view key, std::int32_t value);
  bool empty() const { return nodes_ == 1; }

  // Visits every key that is a prefix of `text`, shortest first.
  template <class Visit>
  void for_each_prefix(std::string_view text, Visit visit) const {
    std::uint32_t node = 0;
    for (std::size_t at = 0; at < text.size();) {
      const Edge& edge = edges_[find(node, text[at])];
      if (edge.key == kFree) return;
      ++at;
      if (edge.length > 0) {
        if (text.size() - at < edge.length) return;
        if (std::memcmp(text.data() + at, labels_.data() + edge.label, edge.length) != 0) return;
        at += edge.length;
      }
      if (edge.value >= 0) visit(at, edge.value);
      node = edge.child;
    }
  }
  // Length of the longest key that is a prefix of `text`, or 0; its value in `value`.
  std::size_t longest(std::string_view text, std::int32_t* value = nullptr) const;
  bool starts(unsigned char byte) const { return edges_[find(0, static_cast<char>(byte))].key != kFree; }

 private:
  static constexpr std::uint64_t kFree = UINT64_MAX;
  struct Edge {
    std::uint64_t key = kFree;  // node << 8 | first byte
    std::uint32_t label = 0;    // position of the other bytes in labels_
    std::uint32_t length = 0;   // their number
    std::uint32_t child = 0;
    std::int32_t value = -1;  // of the string that ends here
  };
  static std::uint64_t key_of(std::uint32_t node, char byte) {
    return std::uint64_t{node} << 8 | static_cast<unsigned char>(byte);
  }
  static std::uint64_t mix(std::uint64_t key) { return (key ^ key >> 23) * 0x9E3779B97F4A7C15ULL; }
  // Position of the edge, or of the free slot for it.
  std::size_t find(std::uint32_t node, char byte) const {
    const std::uint64_t key = key_of(node, byte);
    for (std::uint64_t at = mix(key) >> shift_;; ++at)
      if (const Edge& edge = edges_[at & mask_]; edge.key == key || edge.key == kFree) return at & mask_;
  }
  void grow();
  void split(Edge& edge, std::uint32_t keep);

  std::vector<Edge> edges_;
  std::string labels_;
  std::uint64_t mask_ = 0;
  int shift_ = 0;
  std::uint32_t nodes_ = 1;  // the root is node 0; each other node has one edge to it
};

}  // namespace linnet
