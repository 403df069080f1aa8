#include "linnet/nn/distance_bias.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "linnet/ops/ops.h"

namespace linnet::nn {

std::int64_t DistanceBias::bucket(std::int64_t distance) const {
  const bool both = direction_ == Direction::kBoth;
  const std::int64_t count = both ? buckets_ / 2 : buckets_, exact = count / 2, side = both && distance > 0 ? count : 0;
  const std::int64_t away = both ? std::abs(distance) : std::max<std::int64_t>(0, -distance);
  if (away < exact) return side + away;
  // In float, as the reference libraries: a double is on the other side of some limits.
  const float steps = std::log(static_cast<float>(away) / static_cast<float>(exact)) /
                      static_cast<float>(std::log(static_cast<double>(reach_) / static_cast<double>(exact))) *
                      static_cast<float>(count - exact);
  return side + std::min(count - 1, exact + static_cast<std::int64_t>(steps));
}

Tensor DistanceBias::operator()() const {
  std::vector<std::int32_t> rows;
  for (std::int64_t d = -reach_; d <= reach_; ++d) rows.push_back(static_cast<std::int32_t>(bucket(d)));
  // A product with the identity transposes, since the tape has no transposed views.
  const Tensor identity = Tensor::zeros({heads_, heads_});
  for (std::int64_t h = 0; h < heads_; ++h) identity.data<float>()[static_cast<std::size_t>(h * heads_ + h)] = 1;
  return matmul(identity.to(table_.device()), embedding(table_, rows), false, true);
}

}  // namespace linnet::nn
