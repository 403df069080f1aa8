#include "linnet/ops/internal.h"
#include "linnet/tensor/blocks.h"

namespace linnet {

Tensor to_float(const Tensor& x) {
  if (x.dtype() == DType::kF32) return x;
  forbid_grad("to_float", {x});
  return dequantized(x);
}

Tensor cast(const Tensor& x, DType type) {
  if (x.dtype() == type) return x;
  forbid_grad("cast", {x});
  return quantized(to_float(x), type);
}

}  // namespace linnet
