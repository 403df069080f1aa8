#include "linnet/nn/relative_positions.h"

#include <algorithm>
#include <cmath>

#include "linnet/ops/ops.h"

namespace linnet::nn {

RelativePositions::RelativePositions(const TransformerConfig& c)
    : span_(c.relative_span), reach_(c.relative_reach), hidden_(c.hidden) {
  if (c.relative_norm) norm_ = NormLayer(c, c.hidden);
}

// Near distances have a row each, far ones share rows by their logarithm. In float, as the reference: a double is on
// the other side of some limits.
std::int64_t RelativePositions::bucket(std::int64_t distance) const {
  const std::int64_t away = std::abs(distance), middle = span_ / 2;
  std::int64_t steps = away;
  if (reach_ > 0 && away > middle) {
    const auto half = static_cast<float>(middle);
    steps = static_cast<std::int64_t>(
                std::ceil(std::log(static_cast<float>(away) / half) /
                          std::log(static_cast<float>(static_cast<double>(reach_ - 1) / static_cast<double>(middle))) *
                          static_cast<float>(middle - 1))) +
            middle;
  }
  return std::clamp<std::int64_t>((distance > 0 ? -steps : steps) + span_, 0, 2 * span_ - 1);
}

RelativeRows RelativePositions::operator()(std::int64_t length) const {
  RelativeRows used;
  used.reach = std::max<std::int64_t>(1, length) - 1;
  const std::int64_t first = bucket(used.reach), last = bucket(-used.reach);
  for (std::int64_t d = -used.reach; d <= used.reach; ++d)
    used.buckets.push_back(static_cast<std::int32_t>(bucket(d) - first));
  std::vector<std::int32_t> rows;
  for (std::int64_t row = first; row <= last; ++row) rows.push_back(static_cast<std::int32_t>(row));
  used.rows = embedding(table_, rows);
  if (norm_) used.rows = norm_(used.rows);
  return used;
}

void RelativePositions::visit(Visitor& v) {
  v.enter("table");
  v.tensor("weight", table_, {2 * span_, hidden_}, Role::kRelativeTable, Part::kWeight);
  v.leave();
  if (norm_) visit_child(v, "norm", norm_, Role::kNorm);
}

}  // namespace linnet::nn
