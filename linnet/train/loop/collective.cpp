#include "linnet/train/loop/collective.h"

#include <algorithm>
#include <set>

namespace linnet {

void all_reduce_gradients(Collective& collective, const std::vector<nn::Parameter>& parameters) {
  if (collective.size() == 1) return;
  std::set<TensorImpl*> seen;
  for (const nn::Parameter& parameter : parameters) {
    const Tensor& value = *parameter.tensor;
    if (!seen.insert(value.impl()).second) continue;  // tied weights have one gradient
    if (!value.grad()) value.set_grad(Tensor::zeros(value.shape(), DType::kF32, value.device()));
    collective.all_reduce(value.grad());
    value.grad_state()->forget_rows();  // other ranks have other rows
  }
}

void all_reduce_numbers(Collective& collective, std::span<double> numbers) {
  if (collective.size() == 1) return;
  const Tensor values = Tensor::empty({static_cast<std::int64_t>(numbers.size())}, DType::kF64);
  std::copy(numbers.begin(), numbers.end(), values.data<double>().begin());
  collective.all_reduce(values);
  const auto sums = values.data<double>();
  std::copy(sums.begin(), sums.end(), numbers.begin());
}

}  // namespace linnet
