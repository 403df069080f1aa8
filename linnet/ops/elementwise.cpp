#include "linnet/ops/internal.h"

namespace linnet {

Tensor add(const Tensor& a, const Tensor& b) {
  check_same("add", a, b);
  Tensor y = like(a);
  backend(a.device()).add(in(a), in(b), out(y), a.numel());
  if (!needs_grad({a, b})) return y;
  return record("add", {a, b}, y, [](const Tensor& dy) -> Gradients { return {dy, dy}; });
}

void add_to_rows(Tensor& y, std::int64_t begin, const Tensor& part) {
  LINNET_ASSERT(!needs_grad({y, part}));
  Tensor rows = y.slice(0, begin, begin + part.size(0));
  check_same("add_to_rows", rows, part);
  backend(y.device()).add(in(rows), in(part), out(rows), part.numel());
}

Tensor multiply(const Tensor& a, const Tensor& b) {
  check_same("multiply", a, b);
  Tensor y = like(a);
  backend(a.device()).multiply(in(a), in(b), out(y), a.numel());
  if (!needs_grad({a, b})) return y;
  // The gradient of each input reads the other.
  const Tensor left = b.requires_grad() ? a : Tensor(), right = a.requires_grad() ? b : Tensor();
  return record("multiply", {a, b}, y, [left, right](const Tensor& dy) -> Gradients {
    Gradients g(2);
    if (right) backend(dy.device()).multiply(in(dy), in(right), out(g[0] = like(dy)), dy.numel());
    if (left) backend(dy.device()).multiply(in(dy), in(left), out(g[1] = like(dy)), dy.numel());
    return g;
  });
}

Tensor scale(const Tensor& x, float alpha) {
  Tensor y = like(x);
  backend(x.device()).scale(in(x), alpha, out(y), x.numel());
  if (!needs_grad({x})) return y;
  return record("scale", {x}, y, [alpha](const Tensor& dy) -> Gradients {
    Tensor dx = like(dy);
    backend(dy.device()).scale(in(dy), alpha, out(dx), dy.numel());
    return {dx};
  });
}

Tensor softcap(const Tensor& x, float cap) { return scale(activation(scale(x, 1 / cap), Activation::kTanh), cap); }

Tensor sum(const Tensor& x) {
  Tensor y = scalar(backend(x.device()).sum(in(x), x.numel()));
  if (!needs_grad({x})) return y;
  return record("sum", {x}, y, [to_x = GradInput(x)](const Tensor& dy) -> Gradients {
    Tensor dx = empty_on(to_x.device, to_x.shape);
    backend(dx.device()).fill(out(dx), dy.item(), dx.numel());
    return {dx};
  });
}

Tensor log_softmax(const Tensor& x) {
  forbid_grad("log_softmax", {x});
  Tensor y = like(x);
  const std::int64_t cols = x.size(-1);
  backend(x.device()).log_softmax(in(x), out(y), cols == 0 ? 0 : x.numel() / cols, cols);
  return y;
}

}  // namespace linnet
