#include "linnet/ops/internal.h"

namespace linnet {
namespace {

Tensor mean_loss(const char* op, ElementLoss kind, const Tensor& x, const Tensor& target) {
  check_same(op, x, target);
  const auto arguments = [kind](const Tensor& a, const Tensor& b) {
    return ElementLossArgs{in(a), in(b), a.numel(), kind};
  };
  Tensor y = scalar(backend(x.device()).element_loss(arguments(x, target)) / static_cast<double>(x.numel()));
  if (!needs_grad({x})) return y;
  return record(op, {x}, y, [x, target, arguments](const Tensor& dy) -> Gradients {
    Tensor dx = like(x);
    const float factor = dy.item() / static_cast<float>(x.numel());
    backend(x.device()).element_loss_grad({arguments(x, target), out(dx), factor});
    return {dx};
  });
}

}  // namespace

Tensor mean_squared_error(const Tensor& x, const Tensor& target) {
  return mean_loss("mean_squared_error", ElementLoss::kSquaredError, x, target);
}

Tensor binary_cross_entropy(const Tensor& logits, const Tensor& target) {
  return mean_loss("binary_cross_entropy", ElementLoss::kBinaryCrossEntropy, logits, target);
}

}  // namespace linnet
