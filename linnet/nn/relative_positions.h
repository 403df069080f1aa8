// The table of relative positions of disentangled attention (He et al., 2021): a row for every bucket of distances,
// with the buckets of transformers' modeling_deberta_v2.
#pragma once

#include <cstdint>
#include <vector>

#include "linnet/nn/config.h"
#include "linnet/nn/module.h"
#include "linnet/nn/norm.h"

namespace linnet::nn {

// What a batch uses of it: the rows of the buckets up to `reach`, and the bucket of each distance.
struct RelativeRows {
  Tensor rows = {};                        // [buckets, hidden]
  std::vector<std::int32_t> buckets = {};  // [2 * reach + 1]: row of the distance key - query + reach
  std::int64_t reach = 0;
};

class RelativePositions {
 public:
  RelativePositions() = default;  // absent: contextually false
  explicit RelativePositions(const TransformerConfig& config);
  explicit operator bool() const { return span_ > 0; }

  // For sequences of at most `length` tokens.
  RelativeRows operator()(std::int64_t length) const;
  // The row of a key `distance` rows after its query (negative: before it).
  std::int64_t bucket(std::int64_t distance) const;
  void visit(Visitor& v);

 private:
  std::int64_t span_ = 0, reach_ = 0, hidden_ = 0;
  Tensor table_;  // [2 * span, hidden]
  NormLayer norm_;
};

}  // namespace linnet::nn
