#include "linnet/ops/internal.h"

namespace linnet {

Tensor activation(const Tensor& x, Activation kind) {
  Tensor y = like(x);
  backend(x.device()).activation({in(x), nullptr, out(y), x.numel(), kind});
  if (!needs_grad({x})) return y;
  return record("activation", {x}, y, [x, kind](const Tensor& dy) -> Gradients {
    Tensor dx = like(x);
    backend(dy.device()).activation_grad({in(dy), in(x), nullptr, out(dx), nullptr, x.numel(), kind});
    return {dx};
  });
}

Tensor gated_activation(const Tensor& gate, const Tensor& up, Activation kind) {
  check_same("gated_activation", gate, up);
  Tensor y = like(gate);
  backend(gate.device()).activation({in(gate), in(up), out(y), gate.numel(), kind});
  if (!needs_grad({gate, up})) return y;
  return record("gated_activation", {gate, up}, y, [gate, up, kind](const Tensor& dy) -> Gradients {
    Tensor dgate = like(gate), dup = like(up);
    backend(dy.device()).activation_grad({in(dy), in(gate), in(up), out(dgate), out(dup), gate.numel(), kind});
    return {dgate, dup};
  });
}

}  // namespace linnet
