// Views on the tape.
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
    backend(dx.device()).axpy(1.0f, in(dy), out(dx) + begin * dy.size(1), dy.numel());
    return {dx};
  });
}

namespace {

// to [rows, heads, head_dim] (strided) += from (row-major)
void add_to_view(const Tensor& from, const Tensor& to) {
  const std::int64_t from_strides[] = {from.stride(0), from.stride(1), from.stride(2)};
  const std::int64_t to_strides[] = {to.stride(0), to.stride(1), to.stride(2)};
  auto* const target = reinterpret_cast<float*>(to.data_ptr());
  backend(to.device()).strided_copy({in(from), target, 3, to.shape().data(), from_strides, to_strides, true});
}

// `view` makes the view of x, and of x's gradient. Each part of a fused projection adds its gradient to its part of the
// whole gradient.
template <class View>
Tensor recorded_view(const char* op, const Tensor& x, const View& view) {
  Tensor y = view(x);
  if (!needs_grad({x})) return y;
  check(y.rank() == 3 && y.stride(2) == 1, "[{}] {} is not [rows, heads, head_dim]: no gradient", op, y.shape());
  return record(op, {x}, y, [to_x = GradInput(x), view](const Tensor& dy) -> Gradients {
    Tensor dx = grad_room_to_add(to_x);
    add_to_view(dy, view(dx));
    return {dx};
  });
}

}  // namespace

Tensor view_select(const Tensor& x, const Shape& shape, int dim, std::int64_t index) {
  return recorded_view("view_select", x, [=](const Tensor& t) { return t.reshape(shape).select(dim, index); });
}

Tensor view_slice(const Tensor& x, const Shape& shape, int dim, std::int64_t begin, std::int64_t end) {
  return recorded_view("view_slice", x, [=](const Tensor& t) { return t.reshape(shape).slice(dim, begin, end); });
}

}  // namespace linnet
