#include "linnet/ops/internal.h"

namespace linnet {
namespace {

std::int64_t row_count(const Tensor& x, std::int64_t cols) { return cols == 0 ? 0 : x.numel() / cols; }

}  // namespace

Tensor to_float(const Tensor& x) {
  if (x.dtype() == DType::kF32) return x;
  forbid_grad("to_float", {x});
  check(info(x.dtype()).floating, "[to_float] x is {}", info(x.dtype()).name);
  check(x.contiguous(), "[to_float] the values of {} are not contiguous", x.shape());
  Tensor y = like(x);
  const std::int64_t cols = x.rank() == 0 ? 1 : x.size(-1);
  backend(x.device()).to_float(x.data_ptr(), x.dtype(), out(y), row_count(x, cols), cols);
  return y;
}

Tensor cast(const Tensor& x, DType type) {
  if (x.dtype() == type) return x;
  forbid_grad("cast", {x});
  const Tensor values = to_float(x);
  Tensor y = Tensor::empty(x.shape(), type, x.device());
  const std::int64_t cols = x.rank() == 0 ? 1 : x.size(-1);
  backend(x.device()).from_float(in(values), type, y.data_ptr(), row_count(x, cols), cols);
  return y;
}

}  // namespace linnet
