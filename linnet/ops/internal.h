// Shared by the op files: pointers for the backend and common checks.
#pragma once

#include <fmt/ranges.h>  // messages format shapes only when thrown

#include "linnet/base/error.h"
#include "linnet/ops/ops.h"

namespace linnet {

// Addresses for kernels, null if undefined. `strided`: the caller passes the strides, too.
inline float* out(const Tensor& x) {
  if (!x) return nullptr;
  require_values(x, DType::kF32);
  return reinterpret_cast<float*>(x.data_ptr());
}
inline const float* in(const Tensor& x) { return out(x); }
inline const float* strided(const Tensor& x) { return x ? reinterpret_cast<const float*>(x.data_ptr()) : nullptr; }

inline Tensor empty_on(Device device, Shape shape) { return Tensor::empty(std::move(shape), DType::kF32, device); }
inline Tensor zeros_on(Device device, Shape shape) { return Tensor::zeros(std::move(shape), DType::kF32, device); }
inline Tensor like(const Tensor& x) { return empty_on(x.device(), x.shape()); }
// A loss: shape [1], on the CPU.
inline Tensor scalar(double value) {
  const auto narrow = static_cast<float>(value);
  return Tensor::from(std::span(&narrow, 1), {1});
}

inline void check_matrix(const char* op, const char* name, const Tensor& x) {
  check(static_cast<bool>(x), "[{}] {} is undefined", op, name);
  check(x.dtype() == DType::kF32, "[{}] {} is {}, not F32", op, name, info(x.dtype()).name);
  check(x.rank() == 2, "[{}] {} is {}, not a matrix", op, name, x.shape());
}
// Kernels of one device cannot read the memory of another. Undefined tensors are on every device.
inline void check_device(const char* op, const Tensor& a, const Tensor& b) {
  if (!a || !b || a.device() == b.device()) return;
  fail(ErrorKind::kInvalidArgument, "[{}] one input is on device {}, another on {}", op, to_string(a.device()),
       to_string(b.device()));
}
inline void check_same(const char* op, const Tensor& a, const Tensor& b) {
  check_device(op, a, b);
  check(a.shape() == b.shape(), "[{}] {} does not fit {}", op, a.shape(), b.shape());
}

// An input's state on the tape, for its gradient function; it does not keep the values alive.
struct GradInput {
  std::shared_ptr<GradState> state;  // null if the input requires no gradient
  Shape shape;
  Device device;

  explicit GradInput(const Tensor& x) {
    if (!x.requires_grad()) return;
    state = x.grad_state();
    shape = x.shape();
    device = x.device();
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
  if (!state.grad || !state.grad.unique()) return {empty_on(input.device, input.shape), false};
  state.added = true;
  state.forget_rows();
  return {state.grad, true};
}
// The same for gradients of a part of the input: always initialised, to add to.
inline Tensor grad_room_to_add(const GradInput& input) {
  GradRoom room = grad_room(input);
  return room.accumulate || !room.tensor ? room.tensor : zeros_on(input.device, input.shape);
}

}  // namespace linnet
