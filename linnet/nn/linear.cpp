#include "linnet/nn/linear.h"

namespace linnet::nn {

Tensor Linear::operator()(const Tensor& x, const Pass& pass) const {
  const Tensor y = linnet::linear(x, weight_, bias_, {.layout = layout_, .precision = pass.precision});
  return with_lora(y, pass.lora, this, [&](const LoraDelta& lora, std::int64_t begin, std::int64_t end) {
    const Tensor rows = end - begin == x.size(0) ? x : slice_rows(x, begin, end);
    const bool drop = pass.training && lora.dropout > 0;
    const Tensor seen = drop ? linnet::dropout(rows, lora.dropout, pass.key(0, Site::kLora, lora.id)) : rows;
    const LinearOptions options{.precision = pass.precision};
    return linnet::scale(linnet::linear(linnet::linear(seen, lora.a, {}, options), lora.b, {}, options), lora.scale);
  });
}

void Linear::visit(Visitor& v, Role role) {
  v.linear(*this, role);
  v.tensor("weight", weight_, layout_ == WeightLayout::kOutIn ? Shape{out_, in_} : Shape{in_, out_}, role,
           Part::kWeight);
  if (has_bias_) v.tensor("bias", bias_, {out_}, role, Part::kBias);
}

}  // namespace linnet::nn
