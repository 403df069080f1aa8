// The only module that multiplies by a weight: dense or quantised, [out, in] or GPT-2's [in, out]; adds the pass's
// LoRA.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <vector>

#include "linnet/nn/module.h"
#include "linnet/nn/pass.h"

namespace linnet::nn {

class Linear {
 public:
  Linear() = default;  // absent: contextually false
  Linear(std::int64_t in, std::int64_t out, bool bias, WeightLayout layout = WeightLayout::kOutIn)
      : in_(in), out_(out), has_bias_(bias), layout_(layout) {}
  explicit operator bool() const { return out_ > 0; }

  Tensor operator()(const Tensor& x, const Pass& pass) const;  // [rows, in] -> [rows, out]
  // The results of several modules of one layout for one x.
  static std::vector<Tensor> together(std::initializer_list<const Linear*> modules, const Tensor& x, const Pass& pass);
  void visit(Visitor& v, Role role);

  std::int64_t in() const { return in_; }
  std::int64_t out() const { return out_; }
  WeightLayout layout() const { return layout_; }
  Tensor& weight() { return weight_; }
  const Tensor& weight() const { return weight_; }
  Tensor& bias() { return bias_; }
  const Tensor& bias() const { return bias_; }

 private:
  Tensor updated(const Tensor& x, const Tensor& y, const Pass& pass) const;

  std::int64_t in_ = 0, out_ = 0;
  bool has_bias_ = false;
  WeightLayout layout_ = WeightLayout::kOutIn;
  Tensor weight_, bias_;
};

}  // namespace linnet::nn
