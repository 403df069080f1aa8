#include "linnet/ops/internal.h"

namespace linnet {

Tensor rms_norm(const Tensor& x, const Tensor& weight, float eps, float weight_offset) {
  check_matrix("rms_norm", "x", x);
  check_device("rms_norm", x, weight);
  const std::int64_t rows = x.size(0), cols = x.size(1);
  check(weight.numel() == cols, "[rms_norm] weight has {} elements, x has {} columns", weight.numel(), cols);
  const bool keep = needs_grad({x, weight});
  Tensor y = like(x), rstd;
  if (keep) rstd = empty_on(x.device(), {rows});
  backend(x.device())
      .rms_norm({in(x), in(weight), nullptr, out(y), nullptr, out(rstd), rows, cols, eps, weight_offset});
  if (!keep) return y;
  return record("rms_norm", {x, weight}, y, [=](const Tensor& dy) -> Gradients {
    Gradients g(2);
    if (x.requires_grad()) g[0] = like(x);
    if (weight.requires_grad()) g[1] = like(weight);
    backend(x.device())
        .rms_norm_grad(
            {in(dy), in(x), in(weight), nullptr, in(rstd), out(g[0]), out(g[1]), nullptr, rows, cols, weight_offset});
    return g;
  });
}

}  // namespace linnet
