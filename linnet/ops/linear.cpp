#include <algorithm>

#include "linnet/ops/internal.h"

namespace linnet {
namespace {

WeightView view_of(const Tensor& weight, WeightLayout layout) {
  const bool out_in = layout == WeightLayout::kOutIn;
  // A weight in training changes every step, so packing does not pay.
  return {weight.data_ptr(),           weight.dtype(), weight.size(out_in ? 0 : 1),
          weight.size(out_in ? 1 : 0), layout,         weight.storage().get(),
          !weight.requires_grad()};
}

void check_linear(const Tensor& x, const Tensor& weight, const Tensor& bias, const WeightView& view) {
  check_matrix("linear", "x", x);
  check_device("linear", x, weight);
  check_device("linear", x, bias);
  check(x.stride(1) == 1, "[linear] the columns of x are not side by side");
  check(x.size(1) == view.in, "[linear] x has {} columns, the weight takes {}", x.size(1), view.in);
  check(weight.contiguous(), "[linear] the weight is a strided view");
  check(!bias || bias.numel() == view.out, "[linear] the bias has {} values, the weight gives {}",
        bias ? bias.numel() : 0, view.out);
}

// Inputs of a product's gradient; x only if the weight requires a gradient.
struct LinearTape {
  Tensor x, weight;
  GradInput to_x, to_weight, to_bias;
  LinearOptions options;
};

// The column sums of dy, if no product with dy computes them.
Tensor bias_grad(const GradInput& bias, const Tensor& dy) {
  Tensor sums = grad_room_to_add(bias);
  Backend& device = backend(dy.device());
  for (std::int64_t r = 0; r < dy.size(0); ++r) device.axpy(1.0f, in(dy) + r * dy.size(1), out(sums), dy.size(1));
  return sums;
}

Gradients linear_grad(const LinearTape& tape, const Tensor& dy) {
  const WeightView w = view_of(tape.weight, tape.options.layout);
  const std::int64_t rows = dy.size(0);
  const Precision precision = tape.options.precision;
  Backend& device = backend(dy.device());
  Gradients g(3);
  if (tape.to_x) {
    const GradRoom dx = grad_room(tape.to_x);
    g[0] = dx.tensor;
    device.linear_grad_input({in(dy), w.out, rows, w, out(g[0]), w.in, dx.accumulate, precision});
  }
  if (tape.to_weight) {
    const GradRoom dw = grad_room(tape.to_weight);
    g[1] = dw.tensor;
    // The bias shares the call, and so the decision whether to accumulate.
    Tensor dbias;
    if (tape.to_bias && static_cast<bool>(tape.to_bias.state->grad) == dw.accumulate) {
      const GradRoom room = grad_room(tape.to_bias);
      if (room.accumulate == dw.accumulate) dbias = g[2] = room.tensor;
    }
    device.linear_grad_weight({in(dy), strided(tape.x), w.out, tape.x.stride(0), rows, w.out, w.in, tape.options.layout,
                               out(g[1]), out(dbias), dw.accumulate, precision});
  }
  if (tape.to_bias && !g[2]) g[2] = bias_grad(tape.to_bias, dy);
  return g;
}

}  // namespace

std::vector<Tensor> linears(const Tensor& x, std::span<const LinearTerm> terms, const LinearOptions& options) {
  const bool taped = std::ranges::any_of(terms, [&](const LinearTerm& t) {
    return needs_grad({x, *t.weight, *t.bias});
  });
  std::vector<Tensor> results;
  if (taped || x.size(0) == 0) {
    for (const LinearTerm& t : terms) results.push_back(linear(x, *t.weight, *t.bias, options));
    return results;
  }
  std::vector<LinearArgs> products;
  for (const LinearTerm& t : terms) {
    check(*t.weight && t.weight->rank() == 2, "[linear] the weight is not a matrix");
    const WeightView view = view_of(*t.weight, options.layout);
    check_linear(x, *t.weight, *t.bias, view);
    const Tensor& y = results.emplace_back(empty_on(x.device(), {x.size(0), view.out}));
    products.push_back(
        {strided(x), x.stride(0), x.size(0), view, in(*t.bias), out(y), view.out, false, options.precision});
  }
  backend(x.device()).linears(products);
  return results;
}

void prepack(const Tensor& weight, WeightLayout layout) {
  check(weight && weight.rank() == 2 && weight.contiguous(), "[prepack] the weight is not a matrix");
  backend(weight.device()).prepack(view_of(weight, layout));
}

Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias, const LinearOptions& options) {
  check(weight && weight.rank() == 2, "[linear] the weight is not a matrix");
  const WeightView view = view_of(weight, options.layout);
  check_linear(x, weight, bias, view);
  check(!needs_grad({weight}) || weight.dtype() == DType::kF32,
        "[linear: {} weight] has no gradient and an input requires one", info(weight.dtype()).name);
  const std::int64_t rows = x.size(0);
  Tensor y = empty_on(x.device(), {rows, view.out});
  if (rows > 0)
    backend(x.device())
        .linear({strided(x), x.stride(0), rows, view, in(bias), out(y), view.out, false, options.precision});
  if (!needs_grad({x, weight, bias})) return y;
  LinearTape tape{
      weight.requires_grad() ? x : Tensor(), weight, GradInput(x), GradInput(weight), GradInput(bias), options};
  return record("linear", {x, weight, bias}, y,
                [tape = std::move(tape)](const Tensor& dy) { return linear_grad(tape, dy); });
}

}  // namespace linnet
