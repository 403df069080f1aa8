// Biases of attention scores by the distance of key and query: a row of a table per bucket of distances, a column per
// head (Raffel et al., 2020), here in both directions.
#pragma once

#include "linnet/nn/config.h"
#include "linnet/nn/module.h"

namespace linnet::nn {

// The bucket of a key `distance` rows after its query (negative: before it): half of them for each direction, exact for
// near ones, logarithmic up to 128 rows.
std::int64_t distance_bucket(std::int64_t distance, std::int64_t buckets);

class DistanceBias {
 public:
  DistanceBias() = default;  // absent: contextually false
  explicit DistanceBias(const TransformerConfig& c) : buckets_(c.distance_buckets), heads_(c.heads) {}
  explicit operator bool() const { return buckets_ > 0; }

  Tensor operator()() const;  // [heads, 2 * reach + 1]; larger distances have the bias at the end
  void visit(Visitor& v) { v.tensor("weight", table_, {buckets_, heads_}, Role::kDistanceTable, Part::kWeight); }

 private:
  std::int64_t buckets_ = 0, heads_ = 0;
  Tensor table_;  // [buckets, heads]
};

}  // namespace linnet::nn
