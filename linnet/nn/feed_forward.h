// The feed-forward network of a block: down(f(up x)), or gated: down(f(gate x) * up x), where gate and up may be the
// halves of one matrix.
#pragma once

#include "linnet/nn/config.h"
#include "linnet/nn/linear.h"

namespace linnet::nn {

class FeedForward {
 public:
  FeedForward() = default;
  explicit FeedForward(const TransformerConfig& c)
      : activation_(c.activation), dropout_(c.activation_dropout), down_(c.ffn, c.hidden, c.ffn_bias, c.weight_layout) {
    if (c.ffn_kind == FeedForwardKind::kGated) gate_ = Linear(c.hidden, c.ffn, c.ffn_bias, c.weight_layout);
    if (c.ffn_kind == FeedForwardKind::kGatedStacked)
      gate_up_ = Linear(c.hidden, 2 * c.ffn, c.ffn_bias, c.weight_layout);
    else
      up_ = Linear(c.hidden, c.ffn, c.ffn_bias, c.weight_layout);
  }

  Tensor operator()(const Tensor& x, std::int64_t layer, const Pass& pass) const {
    return down_(pass.drop(inner(x, pass), dropout_, layer, Site::kActivation), pass);
  }
  void visit(Visitor& v) {
    if (gate_) visit_child(v, "gate", gate_, Role::kGate);
    if (up_) visit_child(v, "up", up_, Role::kUp);
    if (gate_up_) visit_child(v, "gate_up", gate_up_, Role::kGateUp);
    visit_child(v, "down", down_, Role::kDown);
  }

 private:
  Tensor inner(const Tensor& x, const Pass& pass) const {
    if (!gate_up_) {
      if (!gate_) return linnet::activation(up_(x, pass), activation_);
      const auto both = Linear::together({&gate_, &up_}, x, pass);
      return gated_activation(both[0], both[1], activation_);
    }
    const Tensor joined = gate_up_(x, pass);
    const std::int64_t rows = joined.size(0), width = joined.size(1) / 2;
    const auto half = [&](std::int64_t index) {
      return linnet::reshape(contiguous(view_select(joined, {rows, 2, 1, width}, 1, index)), {rows, width});
    };
    return gated_activation(half(0), half(1), activation_);
  }

  Activation activation_ = Activation::kGelu;
  double dropout_ = 0;
  Linear gate_, up_, gate_up_, down_;
};

}  // namespace linnet::nn
