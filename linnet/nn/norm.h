// Layer norm or RMS norm, by the config.
#pragma once

#include "linnet/nn/config.h"
#include "linnet/nn/module.h"
#include "linnet/ops/ops.h"

namespace linnet::nn {

class NormLayer {
 public:
  NormLayer() = default;  // absent: contextually false
  NormLayer(const TransformerConfig& c, std::int64_t size)
      : kind_(c.norm),
        size_(size),
        eps_(static_cast<float>(c.norm_eps)),
        offset_(static_cast<float>(c.norm_offset)),
        has_bias_(c.norm == Norm::kLayer && c.norm_bias) {}
  explicit operator bool() const { return size_ > 0; }
  std::int64_t size() const { return size_; }

  Tensor operator()(const Tensor& x) const {
    return kind_ == Norm::kLayer ? layer_norm(x, weight_, bias_, eps_) : rms_norm(x, weight_, eps_, offset_);
  }
  void visit(Visitor& v, Role role) {
    v.tensor("weight", weight_, {size_}, role, Part::kWeight);
    if (has_bias_) v.tensor("bias", bias_, {size_}, role, Part::kBias);
  }

 private:
  Norm kind_ = Norm::kLayer;
  std::int64_t size_ = 0;
  float eps_ = 0, offset_ = 0;
  bool has_bias_ = false;
  Tensor weight_, bias_;  // [size]
};

}  // namespace linnet::nn
