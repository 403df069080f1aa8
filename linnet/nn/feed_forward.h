// The feed-forward network of a block: down(f(up x)), or gated: down(f(gate x) * up x).
#pragma once

#include "linnet/nn/config.h"
#include "linnet/nn/linear.h"

namespace linnet::nn {

class FeedForward {
 public:
  FeedForward() = default;
  explicit FeedForward(const TransformerConfig& c)
      : activation_(c.activation),
        dropout_(c.activation_dropout),
        up_(c.hidden, c.ffn, c.ffn_bias, c.weight_layout),
        down_(c.ffn, c.hidden, c.ffn_bias, c.weight_layout) {
    if (c.ffn_kind == FeedForwardKind::kGated) gate_ = Linear(c.hidden, c.ffn, c.ffn_bias, c.weight_layout);
  }

  Tensor operator()(const Tensor& x, std::int64_t layer, const Pass& pass) const {
    const Tensor up = up_(x, pass);
    const Tensor inner =
        gate_ ? gated_activation(gate_(x, pass), up, activation_) : linnet::activation(up, activation_);
    return down_(pass.drop(inner, dropout_, layer, Site::kActivation), pass);
  }
  void visit(Visitor& v) {
    if (gate_) visit_child(v, "gate", gate_, Role::kGate);
    visit_child(v, "up", up_, Role::kUp);
    visit_child(v, "down", down_, Role::kDown);
  }

 private:
  Activation activation_ = Activation::kGelu;
  double dropout_ = 0;
  Linear gate_, up_, down_;
};

}  // namespace linnet::nn
