// Views that the tape knows about.
#include <cstring>

#include "linnet/ops/internal.h"

namespace linnet {

Tensor reshape(const Tensor& x, const Shape& shape) {
  Tensor y = x.reshape(shape);
  if (!needs_grad({x})) return y;
  return record("reshape", {x}, y, [before = x.shape()](const Tensor& dy) -> Gradients { return {dy.reshape(before)}; });
}

Tensor slice_rows(const Tensor& x, std::int64_t begin, std::int64_t end) {
  check_matrix("slice_rows", "x", x);
  Tensor y = x.slice(0, begin, end);
  if (!needs_grad({x})) return y;
  return record("slice_rows", {x}, y, [before = x.shape(), begin](const Tensor& dy) -> Gradients {
    Tensor dx = Tensor::zeros(before);
    std::memcpy(out(dx) + begin * before[1], in(dy), dy.bytes());
    return {dx};
  });
}

// The gradient of one part of a fused projection lands in zeros of the whole, which the tape adds up.
Tensor view_select(const Tensor& x, const Shape& shape, int dim, std::int64_t index) {
  Tensor y = x.reshape(shape).select(dim, index);
  if (!needs_grad({x})) return y;
  return record("view_select", {x}, y, [before = x.shape(), shape, dim, index](const Tensor& dy) -> Gradients {
    Tensor dx = Tensor::zeros(before);
    const Tensor part = dx.reshape(shape).select(dim, index);  // [rows, heads, head_dim]
    for (std::int64_t r = 0; r < part.size(0); ++r)
      for (std::int64_t h = 0; h < part.size(1); ++h)
        std::memcpy(reinterpret_cast<float*>(part.raw()) + r * part.stride(0) + h * part.stride(1),
                    in(dy) + (r * part.size(1) + h) * part.size(2), static_cast<std::size_t>(part.size(2)) * sizeof(float));
    return {dx};
  });
}

}  // namespace linnet
