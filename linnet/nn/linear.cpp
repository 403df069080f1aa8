#include "linnet/nn/linear.h"

namespace linnet::nn {

Tensor Linear::operator()(const Tensor& x, const Pass& pass) const {
  return updated(x, linnet::linear(x, weight_, bias_, {.layout = layout_, .precision = pass.precision}), pass);
}

std::vector<Tensor> Linear::together(std::initializer_list<const Linear*> modules, const Tensor& x, const Pass& pass) {
  std::vector<LinearTerm> terms;
  for (const Linear* module : modules) terms.push_back({&module->weight_, &module->bias_});
  std::vector<Tensor> results = linears(x, terms, {.layout = (*modules.begin())->layout_, .precision = pass.precision});
  std::size_t at = 0;
  for (const Linear* module : modules) {
    results[at] = module->updated(x, results[at], pass);
    ++at;
  }
  return results;
}

// y with the LoRA updates of x.
Tensor Linear::updated(const Tensor& x, const Tensor& y, const Pass& pass) const {
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
