// Blocks of the KV cache by the tokens up to their ends: what a prompt that begins like an earlier text need not
// compute again (RadixAttention, Zheng et al. 2024, with edges of a block).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "linnet/nn/kv_cache.h"

namespace linnet::generate {

class PrefixIndex {
 public:
  // The blocks of a sequence up to the end of `ids`, of which the last may be filled in part. The sequence may be
  // longer; what it writes to that block from now on, it writes to a copy.
  void add(std::span<const std::int32_t> ids, const nn::KvCache::Sequence& sequence);
  // A sequence of the blocks that `ids` begins with, perhaps of none; of the last one perhaps only some positions.
  nn::KvCache::Sequence find(std::span<const std::int32_t> ids, const nn::KvCache& cache);
  // Drops the block that was found or added longest ago, of those that nothing else owns and no other block goes on
  // from; false where there is none.
  bool evict();

 private:
  struct Node {
    nn::KvCache::Block block;
    std::uint64_t used = 0;
    std::map<std::vector<std::int32_t>, std::unique_ptr<Node>> next;  // by the tokens of the block
  };
  using Children = decltype(Node::next);
  static std::pair<Children::iterator, std::size_t> longest_match(Children& children,
                                                                  std::span<const std::int32_t> tokens);
  Node root_;
  std::uint64_t clock_ = 0;
};

}  // namespace linnet::generate
