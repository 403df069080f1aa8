// Biases of attention scores by the distance of key and query: a row of a table per bucket of distances, a column per
// head (Raffel et al., 2020).
#pragma once

#include "linnet/nn/config.h"
#include "linnet/nn/module.h"

namespace linnet::nn {

class DistanceBias {
 public:
  enum class Direction : std::uint8_t { kBoth, kBackward };  // keys on both sides of a query, or not after it

  DistanceBias() = default;  // absent: contextually false
  DistanceBias(const TransformerConfig& c, Direction direction)
      : direction_(direction), buckets_(c.distance_buckets), reach_(c.distance_reach), heads_(c.heads) {}
  explicit operator bool() const { return buckets_ > 0; }

  Tensor operator()() const;  // [heads, 2 * reach + 1]; larger distances have the bias at the end
  // The bucket of a key `distance` rows after its query (negative: before it): exact for near ones, logarithmic up to
  // the reach; half of the buckets for each direction, if there are two.
  std::int64_t bucket(std::int64_t distance) const;
  void visit(Visitor& v) { v.tensor("weight", table_, {buckets_, heads_}, Role::kDistanceTable, Part::kWeight); }

 private:
  Direction direction_ = Direction::kBoth;
  std::int64_t buckets_ = 0, reach_ = 0, heads_ = 0;
  Tensor table_;  // [buckets, heads]
};

}  // namespace linnet::nn
