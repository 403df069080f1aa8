// What the op files share: pointers for the backend and the usual checks.
#pragma once

#include "linnet/base/error.h"
#include "linnet/ops/ops.h"

namespace linnet {

inline const float* in(const Tensor& x) { return x ? x.data<float>().data() : nullptr; }
inline float* out(const Tensor& x) { return x ? x.data<float>().data() : nullptr; }
inline Tensor like(const Tensor& x) { return Tensor::empty(x.shape()); }

inline void check_matrix(const char* op, const char* name, const Tensor& x) {
  check(static_cast<bool>(x), "[{}] {} is undefined", op, name);
  check(x.dtype() == DType::kF32, "[{}] {} is {}, not F32", op, name, info(x.dtype()).name);
  check(x.rank() == 2, "[{}] {} is {}, not a matrix", op, name, to_string(x.shape()));
}
inline void check_same(const char* op, const Tensor& a, const Tensor& b) {
  check(a.shape() == b.shape(), "[{}] {} does not fit {}", op, to_string(a.shape()), to_string(b.shape()));
}

// Gradient memory for a leaf: its own grad, to be added to, when it has one already. Returned from a backward function,
// such a tensor says that the sum is done.
struct LeafGrad {
  Tensor tensor;
  bool accumulate;
};
inline LeafGrad leaf_grad(const Tensor& leaf) {
  if (!leaf.node() && leaf.grad()) return {leaf.grad(), true};
  return {Tensor::empty(leaf.shape()), false};
}

}  // namespace linnet
