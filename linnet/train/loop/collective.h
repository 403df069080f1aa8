// Data parallel training, as in torch.distributed: each process is a rank with its own copy of the model and its own
// rows.
//
//   TrainSummary done = trainer.run(hooks, collective);   // without one: a single rank
#pragma once

#include <span>
#include <vector>

#include "linnet/nn/module.h"

namespace linnet {

class Collective {
 public:
  virtual ~Collective() = default;
  virtual int rank() const = 0;
  virtual int size() const = 0;
  // Replaces the values by their sum over all ranks. All ranks call it with tensors of the same shapes in the same
  // order.
  virtual void all_reduce(const Tensor& values) = 0;
};

// The default: a single process, whose sums are complete.
class OneRank final : public Collective {
 public:
  int rank() const override { return 0; }
  int size() const override { return 1; }
  void all_reduce(const Tensor&) override {}
};

// The gradients of all parameters, summed over the ranks. A parameter without a gradient on this rank counts as zeros.
void all_reduce_gradients(Collective& collective, const std::vector<nn::Parameter>& parameters);
// Numbers of a step: what the loss is divided by, the loss.
void all_reduce_numbers(Collective& collective, std::span<double> numbers);

}  // namespace linnet
