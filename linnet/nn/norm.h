// Layer norm or RMS norm, by the config.
#pragma once

#include "linnet/nn/config.h"
#include "linnet/nn/module.h"
#include "linnet/ops/ops.h"

namespace linnet::nn {

class NormLayer {
 public:
  NormLayer() = default;  // absent: contextually false
  NormLayer(Norm kind, std::int64_t size, double eps) : kind_(kind), size_(size), eps_(static_cast<float>(eps)) {}
  explicit operator bool() const { return size_ > 0; }
  std::int64_t size() const { return size_; }

  Tensor operator()(const Tensor& x) const {
    return kind_ == Norm::kLayer ? layer_norm(x, weight_, bias_, eps_) : rms_norm(x, weight_, eps_);
  }
  void visit(Visitor& v, Role role) {
    v.tensor("weight", weight_, {size_}, role, Part::kWeight);
    if (kind_ == Norm::kLayer) v.tensor("bias", bias_, {size_}, role, Part::kBias);
  }

 private:
  Norm kind_ = Norm::kLayer;
  std::int64_t size_ = 0;
  float eps_ = 0;
  Tensor weight_, bias_;  // [size]
};

}  // namespace linnet::nn
