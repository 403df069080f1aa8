#include "linnet/ops/internal.h"

namespace linnet {
namespace {

WeightView view_of(const Tensor& weight, WeightLayout layout) {
  const bool out_in = layout == WeightLayout::kOutIn;
  // A weight that is being trained changes every step: packing it would not pay.
  return {weight.raw(), weight.dtype(), weight.size(out_in ? 0 : 1), weight.size(out_in ? 1 : 0), layout,
          weight.storage().get(), !weight.requires_grad()};
}

void check_linear(const Tensor& x, const Tensor& weight, const Tensor& bias, const WeightView& view) {
  check_matrix("linear", "x", x);
  check(x.stride(1) == 1, "[linear] the columns of x are not side by side");
  check(x.size(1) == view.in, "[linear] x has {} columns, the weight takes {}", x.size(1), view.in);
  check(weight.contiguous(), "[linear] the weight is a strided view");
  check(!bias || bias.numel() == view.out, "[linear] the bias has {} values, the weight gives {}",
        bias ? bias.numel() : 0, view.out);
}

}  // namespace

Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias, const LinearOptions& options) {
  check(weight && weight.rank() == 2, "[linear] the weight is not a matrix");
  const WeightView view = view_of(weight, options.layout);
  check_linear(x, weight, bias, view);
  check(!weight.requires_grad() || weight.dtype() == DType::kF32,
        "[linear: {} weight] has no gradient and an input requires one", info(weight.dtype()).name);
  const std::int64_t rows = x.size(0);
  Tensor y = Tensor::empty({rows, view.out});
  const auto* values = reinterpret_cast<const float*>(x.raw());
  if (rows > 0)
    backend().linear({values, x.stride(0), rows, view, in(bias), out(y), view.out, false, options.precision});
  if (!needs_grad({x, weight, bias})) return y;
  return record("linear", {x, weight, bias}, y, [x, weight, bias, options](const Tensor& dy) -> Gradients {
    const WeightView w = view_of(weight, options.layout);
    const std::int64_t n = x.size(0);
    Gradients g(3);
    if (x.requires_grad()) {
      g[0] = Tensor::empty(x.shape());
      backend().linear_grad_input({in(dy), w.out, n, w, out(g[0]), w.in, false, options.precision});
    }
    const bool wants_bias = bias && bias.requires_grad();
    if (weight.requires_grad()) {
      const LeafGrad dw = leaf_grad(weight);
      g[1] = dw.tensor;
      // The bias shares the call, and so whether the sums are added to what is there.
      const bool together = wants_bias && static_cast<bool>(bias.grad()) == dw.accumulate && !bias.node();
      if (together) g[2] = dw.accumulate ? bias.grad() : Tensor::empty(bias.shape());
      backend().linear_grad_weight({in(dy), reinterpret_cast<const float*>(x.raw()), w.out, x.stride(0), n, w.out, w.in,
                                    options.layout, out(g[1]), out(g[2]), dw.accumulate, options.precision});
    }
    if (wants_bias && !g[2]) {
      g[2] = Tensor::zeros(bias.shape());
      for (std::int64_t r = 0; r < n; ++r) backend().axpy(1.0f, in(dy) + r * w.out, out(g[2]), w.out);
    }
    return g;
  });
}

}  // namespace linnet
