#include "linnet/nn/distance_bias.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "linnet/ops/ops.h"

namespace linnet::nn {
namespace {

constexpr std::int64_t kReach = 128;  // distances from here on share a bucket

}  // namespace

std::int64_t distance_bucket(std::int64_t distance, std::int64_t buckets) {
  const std::int64_t half = buckets / 2, exact = half / 2, side = distance > 0 ? half : 0;
  const std::int64_t away = std::abs(distance);
  if (away < exact) return side + away;
  // In float, as the reference libraries: a double is on the other side of some limits.
  const float steps = std::log(static_cast<float>(away) / static_cast<float>(exact)) /
                      static_cast<float>(std::log(static_cast<double>(kReach) / static_cast<double>(exact))) *
                      static_cast<float>(half - exact);
  return side + std::min(half - 1, exact + static_cast<std::int64_t>(steps));
}

Tensor DistanceBias::operator()() const {
  std::vector<std::int32_t> rows;
  for (std::int64_t d = -kReach; d <= kReach; ++d)
    rows.push_back(static_cast<std::int32_t>(distance_bucket(d, buckets_)));
  // A product with the identity transposes, since the tape has no transposed views.
  const Tensor identity = Tensor::zeros({heads_, heads_});
  for (std::int64_t h = 0; h < heads_; ++h) identity.data<float>()[static_cast<std::size_t>(h * heads_ + h)] = 1;
  return matmul(identity.to(table_.device()), embedding(table_, rows), false, true);
}

}  // namespace linnet::nn
