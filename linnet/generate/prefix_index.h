// Index of KV cache blocks by prefix, so that a prompt reuses the blocks of an earlier text with the same beginning
// (RadixAttention, Zheng et al. 2024, with one block per edge).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "linnet/nn/transformer.h"

namespace linnet::generate {

class PrefixIndex {
 public:
  // Adapter of a sequence, or null; its blocks are found only with the same one. The index owns it while it has blocks.
  using Adapter = std::shared_ptr<const nn::SequenceAdapter>;

  // Adds the blocks of a sequence up to the end of `ids`; the last one may be partial. The sequence may be longer; it
  // copies that block before its next write.
  void add(const Adapter& adapter, std::span<const std::int32_t> ids, const nn::KvCache::Sequence& sequence);
  // A sequence of the blocks of the longest known prefix of `ids`, which may be empty; the last one may be partial.
  nn::KvCache::Sequence find(const Adapter& adapter, std::span<const std::int32_t> ids, const nn::KvCache& cache);
  // Evicts the least recently used block that has no other owner and no successor; returns false if there is none.
  bool evict();

 private:
  struct Node {
    nn::KvCache::Block block;
    std::uint64_t used = 0;
    std::map<std::vector<std::int32_t>, std::unique_ptr<Node>> next;  // key: the tokens of the block
  };
  using Children = decltype(Node::next);
  static std::pair<Children::iterator, std::size_t> longest_match(Children& children,
                                                                  std::span<const std::int32_t> tokens);
  std::map<Adapter, Node> roots_;
  std::uint64_t clock_ = 0;
};

}  // namespace linnet::generate
