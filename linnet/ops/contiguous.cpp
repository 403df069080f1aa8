#include <cstring>

#include "linnet/base/error.h"
#include "linnet/ops/ops.h"

namespace linnet {
namespace {

// Copies the values of dimensions `dim` and up, row-major, to `to`; returns the end.
float* copy_rows(const Tensor& x, int dim, const float* from, float* to) {
  const std::int64_t n = x.size(dim), step = x.stride(dim);
  if (dim == x.rank() - 1 && step == 1) {
    std::memcpy(to, from, static_cast<std::size_t>(n) * sizeof(float));
    return to + n;
  }
  for (std::int64_t i = 0; i < n; ++i) {
    if (dim == x.rank() - 1)
      *to++ = from[i * step];
    else
      to = copy_rows(x, dim + 1, from + i * step, to);
  }
  return to;
}

}  // namespace

Tensor contiguous(const Tensor& x) {
  check(x.dtype() == DType::kF32, "[contiguous] x is {}, not F32", info(x.dtype()).name);
  if (x.contiguous()) return x;
  Tensor y = Tensor::empty(x.shape());
  copy_rows(x, 0, reinterpret_cast<const float*>(x.raw()), y.data<float>().data());
  if (!needs_grad({x})) return y;
  return record("contiguous", {x}, y, [](const Tensor& dy) -> Gradients { return {dy}; });
}

}  // namespace linnet
