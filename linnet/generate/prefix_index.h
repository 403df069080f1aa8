// Blocks of the KV cache by the tokens up to their ends: what a prompt that begins like an earlier text need not
// compute again (RadixAttention, Zheng et al. 2024, at the size of a block).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "linnet/nn/kv_cache.h"

namespace linnet::generate {

class PrefixIndex {
 public:
  // The full blocks of a sequence that holds `ids`.
  void add(std::span<const std::int32_t> ids, const nn::KvCache::Sequence& sequence);
  // A sequence of the blocks that `ids` begins with, perhaps of none.
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
  Node root_;
  std::uint64_t clock_ = 0;
};

}  // namespace linnet::generate
