#include "linnet/nn/linear.h"

namespace linnet::nn {

Tensor Linear::operator()(const Tensor& x, const Pass& pass) const {
  Tensor y = linnet::linear(x, weight_, bias_, {.layout = layout_, .precision = pass.precision});
  if (!lora_) return y;
  const bool drop = pass.training && lora_->dropout > 0;
  const Tensor seen = drop ? linnet::dropout(x, lora_->dropout, pass.key(0, Site::kLora, lora_->id)) : x;
  const LinearOptions options{.precision = pass.precision};
  return linnet::add(
      y,
      linnet::scale(linnet::linear(linnet::linear(seen, lora_->a, {}, options), lora_->b, {}, options), lora_->scale));
}

void Linear::visit(Visitor& v, Role role) {
  v.linear(*this, role);
  v.tensor("weight", weight_, layout_ == WeightLayout::kOutIn ? Shape{out_, in_} : Shape{in_, out_}, role,
           Part::kWeight);
  if (has_bias_) v.tensor("bias", bias_, {out_}, role, Part::kBias);
}

}  // namespace linnet::nn
