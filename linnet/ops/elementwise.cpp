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

Tensor multiply(const Tensor& a, const Tensor& b) {
  check_same("multiply", a, b);
  Tensor y = like(a);
  backend().multiply(in(a), in(b), out(y), a.numel());
  if (!needs_grad({a, b})) return y;
  return record("multiply", {a, b}, y, [a, b](const Tensor& dy) -> Gradients {
    Tensor da = like(a), db = like(b);
    backend().multiply(in(dy), in(b), out(da), a.numel());
    backend().multiply(in(dy), in(a), out(db), a.numel());
    return {da, db};
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
