#include "linnet/tokenizer/byte_trie.h"

#include <algorithm>
#include <bit>

#include "linnet/base/error.h"

namespace linnet {

ByteTrie::ByteTrie() : edges_(16), mask_(15), shift_(60) {}

void ByteTrie::grow() {
  std::vector<Edge> old(edges_.size() * 2);
  old.swap(edges_);
  mask_ = edges_.size() - 1;
  shift_ = 64 - std::countr_zero(edges_.size());
  for (const Edge& edge : old)
    if (edge.key != kFree) edges_[find(static_cast<std::uint32_t>(edge.key >> 8), static_cast<char>(edge.key))] = edge;
}

// Splits the edge after `keep` bytes of its label; the rest becomes an edge of the new node.
void ByteTrie::split(Edge& edge, std::uint32_t keep) {
  const std::uint32_t middle = nodes_++;
  Edge rest = edge;
  rest.key = key_of(middle, labels_[edge.label + keep]);
  rest.label = edge.label + keep + 1;
  rest.length = edge.length - keep - 1;
  edge.length = keep;
  edge.child = middle;
  edge.value = -1;
  edges_[find(middle, static_cast<char>(rest.key))] = rest;
}

void ByteTrie::insert(std::string_view key, std::int32_t value) {
  LINNET_ASSERT(labels_.size() + key.size() < UINT32_MAX);
  std::uint32_t node = 0;
  for (std::size_t at = 0; at < key.size();) {
    if ((std::uint64_t{nodes_} + 1) * 2 >= edges_.size()) grow();  // room for a new edge and for a split one
    Edge& edge = edges_[find(node, key[at])];
    const std::string_view rest = key.substr(at + 1);
    if (edge.key == kFree) {
      edge = {key_of(node, key[at]), static_cast<std::uint32_t>(labels_.size()),
              static_cast<std::uint32_t>(rest.size()), nodes_++, value};
      labels_ += rest;
      return;
    }
    const std::string_view label = std::string_view(labels_).substr(edge.label, edge.length);
    const auto same = static_cast<std::uint32_t>(
        std::mismatch(label.begin(), label.end(), rest.begin(), rest.end()).first - label.begin());
    if (same < edge.length) split(edge, same);
    at += 1 + std::size_t{same};
    if (at == key.size()) edge.value = value;
    node = edge.child;
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
