#include <algorithm>

#include "linnet/ops/internal.h"

namespace linnet {

Tensor add(const Tensor& a, const Tensor& b) {
  check_same("add", a, b);
  Tensor y = like(a);
  backend().add(in(a), in(b), out(y), a.numel());
  if (!needs_grad({a, b})) return y;
  return record("add", {a, b}, y, [](const Tensor& dy) -> Gradients { return {dy, dy}; });
}

void add_to_rows(Tensor& y, std::int64_t begin, const Tensor& part) {
  LINNET_ASSERT(!needs_grad({y, part}));
  Tensor rows = y.slice(0, begin, begin + part.size(0));
  check_same("add_to_rows", rows, part);
  backend().add(in(rows), in(part), out(rows), part.numel());
}

Tensor multiply(const Tensor& a, const Tensor& b) {
  check_same("multiply", a, b);
  Tensor y = like(a);
  backend().multiply(in(a), in(b), out(y), a.numel());
  if (!needs_grad({a, b})) return y;
  // The gradient of each input reads the other.
  const Tensor left = b.requires_grad() ? a : Tensor(), right = a.requires_grad() ? b : Tensor();
  return record("multiply", {a, b}, y, [left, right](const Tensor& dy) -> Gradients {
    Gradients g(2);
    if (right) backend().multiply(in(dy), in(right), out(g[0] = like(dy)), dy.numel());
    if (left) backend().multiply(in(dy), in(left), out(g[1] = like(dy)), dy.numel());
    return g;
  });
}

Tensor scale(const Tensor& x, float alpha) {
  Tensor y = like(x);
  backend().scale(in(x), alpha, out(y), x.numel());
  if (!needs_grad({x})) return y;
  return record("scale", {x}, y, [alpha](const Tensor& dy) -> Gradients {
    Tensor dx = like(dy);
    backend().scale(in(dy), alpha, out(dx), dy.numel());
    return {dx};
  });
}

Tensor sum(const Tensor& x) {
  double total = 0;
  for (const float v : x.data<float>()) total += v;
  const auto value = static_cast<float>(total);
  Tensor y = Tensor::from(std::span(&value, 1), {1});
  if (!needs_grad({x})) return y;
  return record("sum", {x}, y, [shape = x.shape()](const Tensor& dy) -> Gradients {
    Tensor dx = Tensor::empty(shape);
    std::ranges::fill(dx.data<float>(), dy.data<float>()[0]);
    return {dx};
  });
}

Tensor log_softmax(const Tensor& x) {
  forbid_grad("log_softmax", {x});
  Tensor y = like(x);
  const std::int64_t cols = x.size(-1);
  backend().log_softmax(in(x), out(y), cols == 0 ? 0 : x.numel() / cols, cols);
  return y;
}

}  // namespace linnet
