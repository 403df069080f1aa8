#include "linnet/ops/internal.h"

namespace linnet {

Tensor layer_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, float eps) {
  check_matrix("layer_norm", "x", x);
  check_device("layer_norm", x, weight);
  check_device("layer_norm", x, bias);
  const std::int64_t rows = x.size(0), cols = x.size(1);
  const std::int64_t biases = bias ? bias.numel() : cols;
  check(weight.numel() == cols && biases == cols,
        "[layer_norm] weight and bias have {} and {} elements, x has {} columns", weight.numel(), biases, cols);
  const bool keep = needs_grad({x, weight, bias});
  Tensor y = like(x), mean, rstd;
  if (keep) mean = empty_on(x.device(), {rows}), rstd = like(mean);
  backend(x.device()).layer_norm({in(x), in(weight), in(bias), out(y), out(mean), out(rstd), rows, cols, eps});
  if (!keep) return y;
  return record("layer_norm", {x, weight, bias}, y, [=](const Tensor& dy) -> Gradients {
    Gradients g(3);
    if (x.requires_grad()) g[0] = like(x);
    if (weight.requires_grad()) g[1] = like(weight);
    if (bias && bias.requires_grad()) g[2] = like(bias);
    backend(x.device())
        .layer_norm_grad({in(dy), in(x), in(weight), in(mean), in(rstd), out(g[0]), out(g[1]), out(g[2]), rows, cols});
    return g;
  });
}

}  // namespace linnet
