// Low-rank updates next to frozen weights (LoRA, Hu et al. 2021): y += scale * (dropout(x) A^T) B^T. They are no part
// of a module: a pass brings them, for all of its rows or for the rows of some sequences, so that several adapters
// share a base and a batch.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "linnet/tensor/tensor.h"

namespace linnet::nn {

struct LoraDelta {
  Tensor a, b;  // [rank, in], [out, rank]; of a vocabulary table a is [vocab, rank]
  float scale = 1;
  float dropout = 0;
  std::uint64_t id = 0;  // own dropout stream
};

// Updates of one adapter, by the address of the module (nn::Linear, nn::Embeddings).
class LoraUpdates {
 public:
  LoraDelta& add(const void* module, LoraDelta delta) { return deltas_[module] = std::move(delta); }
  void remove(const void* module) { deltas_.erase(module); }
  const LoraDelta* find(const void* module) const {
    const auto found = deltas_.find(module);
    return found == deltas_.end() ? nullptr : &found->second;
  }

 private:
  std::unordered_map<const void*, LoraDelta> deltas_;  // references stay valid
};

// Updates of rows [begin, end) of a batch.
struct LoraRows {
  static constexpr std::int64_t kAll = std::numeric_limits<std::int64_t>::max();
  std::shared_ptr<const LoraUpdates> updates;
  std::int64_t begin = 0, end = kAll;
};

// The same for the rows `wanted`, ascending, gathered from that batch.
std::vector<LoraRows> gathered(const std::vector<LoraRows>& lora, std::span<const std::int32_t> wanted);

// y [rows, out] plus the updates of `module`; `update` computes the update of rows [begin, end). Updates of part of the
// rows have no gradient; requiring one is a bug (assertion).
Tensor with_lora(const Tensor& y, const std::vector<LoraRows>& lora, const void* module,
                 const std::function<Tensor(const LoraDelta&, std::int64_t begin, std::int64_t end)>& update);

}  // namespace linnet::nn
