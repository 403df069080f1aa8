// Views on the tape.
#include "linnet/base/parallel.h"
#include "linnet/ops/internal.h"

namespace linnet {

Tensor reshape(const Tensor& x, const Shape& shape) {
  Tensor y = x.reshape(shape);
  if (!needs_grad({x})) return y;
  return record("reshape", {x}, y,
                [before = x.shape()](const Tensor& dy) -> Gradients { return {dy.reshape(before)}; });
}

Tensor slice_rows(const Tensor& x, std::int64_t begin, std::int64_t end) {
  check_matrix("slice_rows", "x", x);
  Tensor y = x.slice(0, begin, end);
  if (!needs_grad({x})) return y;
  return record("slice_rows", {x}, y, [to_x = GradInput(x), begin](const Tensor& dy) -> Gradients {
    Tensor dx = grad_room_to_add(to_x);
    backend().axpy(1.0f, in(dy), out(dx) + begin * dy.size(1), dy.numel());
    return {dx};
  });
}

namespace {

// to [rows, heads, head_dim] (strided) += from (row-major)
void add_to_view(const Tensor& from, const Tensor& to) {
  const std::int64_t heads = to.size(1), width = to.size(2), row_step = to.stride(0), head_step = to.stride(1);
  const float* const values = in(from);
  auto* const start = reinterpret_cast<float*>(to.raw());
  parallel_for(to.size(0), 16, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = begin; r < end; ++r)
      for (std::int64_t h = 0; h < heads; ++h) {
        const float* const source = values + (r * heads + h) * width;
        float* const target = start + r * row_step + h * head_step;
        for (std::int64_t i = 0; i < width; ++i) target[i] += source[i];
      }
  });
}

}  // namespace

// Each part of a fused projection adds its gradient to its part of the whole gradient.
Tensor view_select(const Tensor& x, const Shape& shape, int dim, std::int64_t index) {
  Tensor y = x.reshape(shape).select(dim, index);
  if (!needs_grad({x})) return y;
  check(y.rank() == 3 && y.stride(2) == 1, "[view_select] {} is not [rows, heads, head_dim]: no gradient", y.shape());
  return record("view_select", {x}, y, [to_x = GradInput(x), shape, dim, index](const Tensor& dy) -> Gradients {
    Tensor dx = grad_room_to_add(to_x);
    add_to_view(dy, dx.reshape(shape).select(dim, index));
    return {dx};
  });
}

}  // namespace linnet
