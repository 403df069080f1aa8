#include <algorithm>
#include <cmath>

#include "linnet/ops/internal.h"

namespace linnet {

Tensor mean_squared_error(const Tensor& x, const Tensor& target) {
  check_same("mean_squared_error", x, target);
  const auto a = x.data<float>(), b = target.data<float>();
  double total = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    total += (static_cast<double>(a[i]) - b[i]) * (static_cast<double>(a[i]) - b[i]);
  const auto value = static_cast<float>(total / static_cast<double>(x.numel()));
  Tensor y = Tensor::from(std::span(&value, 1), {1});
  if (!needs_grad({x})) return y;
  return record("mean_squared_error", {x}, y, [x, target](const Tensor& dy) -> Gradients {
    Tensor dx = like(x);
    const float factor = 2 * dy.data<float>()[0] / static_cast<float>(x.numel());
    for (std::int64_t i = 0; i < x.numel(); ++i) out(dx)[i] = factor * (in(x)[i] - in(target)[i]);
    return {dx};
  });
}

// max(x, 0) - x t + log(1 + exp(-|x|)): this form does not overflow.
Tensor binary_cross_entropy(const Tensor& logits, const Tensor& target) {
  check_same("binary_cross_entropy", logits, target);
  const auto x = logits.data<float>(), t = target.data<float>();
  double total = 0;
  for (std::size_t i = 0; i < x.size(); ++i)
    total += std::max(static_cast<double>(x[i]), 0.0) - static_cast<double>(x[i]) * t[i] +
             std::log1p(std::exp(-std::abs(static_cast<double>(x[i]))));
  const auto value = static_cast<float>(total / static_cast<double>(logits.numel()));
  Tensor y = Tensor::from(std::span(&value, 1), {1});
  if (!needs_grad({logits})) return y;
  return record("binary_cross_entropy", {logits}, y, [logits, target](const Tensor& dy) -> Gradients {
    Tensor dx = like(logits);
    const float factor = dy.data<float>()[0] / static_cast<float>(logits.numel());
    for (std::int64_t i = 0; i < logits.numel(); ++i)
      out(dx)[i] = factor * (1 / (1 + std::exp(-in(logits)[i])) - in(target)[i]);
    return {dx};
  });
}

}  // namespace linnet
