#include "linnet/generate/prefix_index.h"

#include <functional>

namespace linnet::generate {
namespace {

std::vector<std::int32_t> tokens_of(std::span<const std::int32_t> ids, std::size_t block) {
  const auto part = ids.subspan(block * kKvBlock, kKvBlock);
  return {part.begin(), part.end()};
}

}  // namespace

void PrefixIndex::add(std::span<const std::int32_t> ids, const nn::KvCache::Sequence& sequence) {
  ++clock_;
  Node* node = &root_;
  for (std::size_t i = 0; i < static_cast<std::size_t>(sequence.length() / kKvBlock); ++i) {
    auto& next = node->next[tokens_of(ids, i)];
    if (!next) next = std::make_unique<Node>(Node{sequence.blocks()[i], 0, {}});
    next->used = clock_;
    node = next.get();
  }
}

nn::KvCache::Sequence PrefixIndex::find(std::span<const std::int32_t> ids, const nn::KvCache& cache) {
  ++clock_;
  nn::KvCache::Sequence sequence;
  Node* node = &root_;
  for (std::size_t i = 0; (i + 1) * kKvBlock <= ids.size(); ++i) {
    const auto found = node->next.find(tokens_of(ids, i));
    if (found == node->next.end()) break;
    node = found->second.get();
    node->used = clock_;
    cache.append(sequence, node->block);
  }
  return sequence;
}

bool PrefixIndex::evict() {
  Node* parent = nullptr;
  decltype(root_.next)::iterator oldest;
  const std::function<void(Node&)> look = [&](Node& node) {
    for (auto it = node.next.begin(); it != node.next.end(); ++it) {
      Node& child = *it->second;
      look(child);
      if (!child.next.empty() || child.block.use_count() > 1) continue;
      if (parent == nullptr || child.used < oldest->second->used) parent = &node, oldest = it;
    }
  };
  look(root_);
  if (parent == nullptr) return false;
  parent->next.erase(oldest);
  return true;
}

}  // namespace linnet::generate
