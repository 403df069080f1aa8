// Shared by the op files: pointers for the backend and common checks.
#pragma once

#include <fmt/ranges.h>  // messages format shapes only when thrown

#include "linnet/base/error.h"
#include "linnet/ops/ops.h"

namespace linnet {

inline const float* in(const Tensor& x) { return x ? x.data<float>().data() : nullptr; }
inline float* out(const Tensor& x) { return x ? x.data<float>().data() : nullptr; }
inline Tensor like(const Tensor& x) { return Tensor::empty(x.shape()); }

inline void check_matrix(const char* op, const char* name, const Tensor& x) {
  check(static_cast<bool>(x), "[{}] {} is undefined", op, name);
  check(x.dtype() == DType::kF32, "[{}] {} is {}, not F32", op, name, info(x.dtype()).name);
  check(x.rank() == 2, "[{}] {} is {}, not a matrix", op, name, x.shape());
}
inline void check_same(const char* op, const Tensor& a, const Tensor& b) {
  check(a.shape() == b.shape(), "[{}] {} does not fit {}", op, a.shape(), b.shape());
}

// An input's state on the tape, for its gradient function; it does not keep the values alive.
struct GradInput {
  std::shared_ptr<GradState> state;  // null if the input requires no gradient
  Shape shape;

  explicit GradInput(const Tensor& x) {
    if (!x.requires_grad()) return;
    state = x.grad_state();
    shape = x.shape();
  }
  explicit operator bool() const { return state != nullptr; }
};

// Memory for an input's gradient: the sum of earlier contributions to add to, if nothing else uses it, otherwise new
// uninitialised memory. The gradient function returns `tensor` in both cases.
struct GradRoom {
  Tensor tensor;
  bool accumulate = false;
};
inline GradRoom grad_room(const GradInput& input) {
  if (!input) return {};
  GradState& state = *input.state;
  if (!state.grad || !state.grad.unique()) return {Tensor::empty(input.shape), false};
  state.added = true;
  state.forget_rows();
  return {state.grad, true};
}
// The same for gradients of a part of the input: always initialised, to add to.
inline Tensor grad_room_to_add(const GradInput& input) {
  GradRoom room = grad_room(input);
  return room.accumulate || !room.tensor ? room.tensor : Tensor::zeros(input.shape);
}

}  // namespace linnet
