// Reverse-mode differentiation; the tape is off unless training turns it on.
//
//   GradGuard on(true);
//   Tensor loss = …;   // ops record themselves when an input requires a gradient
// backward(loss);    // adds to the parameters' grad() and frees activations
#pragma once

#include <functional>
#include <initializer_list>
#include <vector>

#include "linnet/tensor/tensor.h"

namespace linnet {

using Gradients = std::vector<Tensor>;  // one per input; undefined if not needed
using BackwardFn = std::function<Gradients(const Tensor& grad_output)>;

bool grad_enabled();
class GradGuard {  // GradGuard on(true); only training uses it
 public:
  explicit GradGuard(bool enabled);
  ~GradGuard();
  GradGuard(const GradGuard&) = delete;
  GradGuard& operator=(const GradGuard&) = delete;

 private:
  bool previous_;
};

// True when the tape is on and one of the (defined) inputs requires a gradient.
bool needs_grad(std::initializer_list<Tensor> inputs);

// Puts `output` on the tape. Ops return record(...) only when needs_grad(inputs). The gradient function returns one
// tensor per input, undefined if that input does not require one.
Tensor record(const char* op, const std::vector<Tensor>& inputs, Tensor output, BackwardFn backward);

// For the few ops without a gradient: throws rather than cut the graph silently.
void forbid_grad(const char* op, std::initializer_list<Tensor> inputs);

// Fills grad() of every leaf that requires one. `seed`: the gradient of the loss itself (1 / accumulation steps).
void backward(const Tensor& loss, float seed = 1.0f);

// Runs `fn` without saving its activations and runs it again in backward (gradient checkpointing). `fn` must be pure
// given its inputs, some of which may be undefined. Other tensors that it reads may require a gradient only if they are
// leaves: the second run would backpropagate through nodes from outside.
Tensor recompute(const std::function<Tensor(const std::vector<Tensor>&)>& fn, const std::vector<Tensor>& inputs);

}  // namespace linnet
