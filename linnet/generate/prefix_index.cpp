#include "linnet/generate/prefix_index.h"

#include <algorithm>
#include <functional>
#include <iterator>

namespace linnet::generate {
namespace {

using Tokens = std::span<const std::int32_t>;

std::size_t equal_at_start(Tokens a, Tokens b) {
  return static_cast<std::size_t>(std::ranges::mismatch(a, b).in1 - a.begin());
}

}  // namespace

void PrefixIndex::add(const Adapter& adapter, Tokens ids, const nn::KvCache::Sequence& sequence) {
  ++clock_;
  Node* node = &roots_[adapter];
  for (std::size_t block = 0; block * kKvBlock < ids.size(); ++block) {
    const Tokens tokens = ids.subspan(block * kKvBlock, std::min<std::size_t>(kKvBlock, ids.size() - block * kKvBlock));
    auto [found, length] = longest_match(node->next, tokens);
    if (length < tokens.size()) {
      if (length > 0 && length == found->first.size()) node->next.erase(found);  // the new block extends it
      auto made = std::make_unique<Node>(Node{sequence.blocks()[block], 0, {}});
      found = node->next.emplace(std::vector<std::int32_t>(tokens.begin(), tokens.end()), std::move(made)).first;
    }
    node = found->second.get();
    node->used = clock_;
  }
}

nn::KvCache::Sequence PrefixIndex::find(const Adapter& adapter, Tokens ids, const nn::KvCache& cache) {
  ++clock_;
  nn::KvCache::Sequence sequence;
  const auto root = roots_.find(adapter);
  if (root == roots_.end()) return sequence;
  Node* node = &root->second;
  while (!ids.empty()) {
    const Tokens tokens = ids.first(std::min<std::size_t>(kKvBlock, ids.size()));
    const auto [found, length] = longest_match(node->next, tokens);
    if (length == 0) break;
    node = found->second.get();
    node->used = clock_;
    cache.append(sequence, node->block, static_cast<std::int64_t>(length));
    if (length < kKvBlock) break;
    ids = ids.subspan(kKvBlock);
  }
  return sequence;
}

// The child with the longest common prefix with `tokens`, and its length. It is adjacent to `tokens` in the sorted map.
auto PrefixIndex::longest_match(Children& children, Tokens tokens) -> std::pair<Children::iterator, std::size_t> {
  std::pair<Children::iterator, std::size_t> best{children.end(), 0};
  const auto look = [&](Children::iterator child) {
    const std::size_t length = equal_at_start(child->first, tokens);
    if (length > best.second) best = {child, length};
  };
  const auto at = children.lower_bound({tokens.begin(), tokens.end()});
  if (at != children.end()) look(at);
  if (at != children.begin()) look(std::prev(at));
  return best;
}

bool PrefixIndex::evict() {
  Node* parent = nullptr;
  Children::iterator oldest;
  const std::function<void(Node&)> look = [&](Node& node) {
    for (auto it = node.next.begin(); it != node.next.end(); ++it) {
      Node& child = *it->second;
      look(child);
      if (!child.next.empty() || child.block.use_count() > 1) continue;
      if (parent == nullptr || child.used < oldest->second->used) parent = &node, oldest = it;
    }
  };
  for (auto& [adapter, root] : roots_) look(root);
  if (parent == nullptr) return false;
  parent->next.erase(oldest);
  std::erase_if(roots_, [](const auto& root) { return root.second.next.empty(); });
  return true;
}

}  // namespace linnet::generate
