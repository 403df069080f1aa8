#include "linnet/ops/internal.h"

namespace linnet {

Tensor dropout(const Tensor& x, float p, PhiloxKey key) {
  check(p >= 0 && p < 1, "[dropout] p is {}, must be in [0, 1)", p);
  if (p == 0) return x;
  Tensor y = like(x);
  backend(x.device()).dropout({in(x), out(y), x.numel(), p, key});
  if (!needs_grad({x})) return y;
  // The mask is recomputed from the same numbers, which saves its memory.
  return record("dropout", {x}, y, [p, key](const Tensor& dy) -> Gradients {
    Tensor dx = like(dy);
    backend(dy.device()).dropout({in(dy), out(dx), dy.numel(), p, key});
    return {dx};
  });
}

}  // namespace linnet
