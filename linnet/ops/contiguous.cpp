#include <vector>

#include "linnet/ops/internal.h"

namespace linnet {

Tensor contiguous(const Tensor& x) {
  check(x.dtype() == DType::kF32, "[contiguous] x is {}, not F32", info(x.dtype()).name);
  if (x.contiguous()) return x;
  Tensor y = like(x);
  std::vector<std::int64_t> from, to;
  for (int dim = 0; dim < x.rank(); ++dim) {
    from.push_back(x.stride(dim));
    to.push_back(y.stride(dim));
  }
  backend(x.device()).strided_copy({strided(x), out(y), x.rank(), x.shape().data(), from.data(), to.data(), false});
  if (!needs_grad({x})) return y;
  return record("contiguous", {x}, y, [](const Tensor& dy) -> Gradients { return {dy}; });
}

}  // namespace linnet
