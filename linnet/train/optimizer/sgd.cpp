// Stochastic gradient descent with momentum, as in torch.optim.SGD (dampening 0, no Nesterov).
#include "linnet/backend/backend.h"
#include "linnet/train/optimizer/state.h"

namespace linnet {
namespace {

class Sgd final : public Optimizer {
 public:
  Sgd(std::vector<nn::Parameter> parameters, const OptimizerOptions& options)
      : Optimizer(std::move(parameters)), options_(options), momentum_(parameters_.size()) {}

  std::size_t planned_bytes() const override {
    std::size_t bytes = 0;
    if (options_.momentum != 0)
      for (const nn::Parameter& parameter : parameters_) bytes += parameter.tensor->bytes();
    return bytes;
  }

  std::map<std::string, Tensor> state() const override {
    std::map<std::string, Tensor> all;
    if (options_.momentum == 0) return all;
    for (std::size_t i = 0; i < momentum_.size(); ++i)
      all["momentum_buffer." + parameters_[i].name] = momentum_[i] ? momentum_[i] : zeros_like(*parameters_[i].tensor);
    return all;
  }

 protected:
  void update(std::size_t index, const Tensor& gradient, float learning_rate, float gradient_scale) override {
    const nn::Parameter& parameter = parameters_[index];
    if (options_.momentum != 0 && !momentum_[index]) momentum_[index] = zeros_like(*parameter.tensor);
    backend(parameter.tensor->device())
        .sgd({.weight = address(*parameter.tensor),
              .momentum_buffer = address(momentum_[index]),
              .grad = address(gradient),
              .n = parameter.tensor->numel(),
              .grad_scale = gradient_scale,
              .learning_rate = learning_rate,
              .momentum = options_.momentum,
              .weight_decay = decays(parameter, options_) ? options_.weight_decay : 0});
  }

  void restore(const SavedTensors& saved) override {
    if (options_.momentum == 0) return refuse_unknown(saved, parameters_, {});
    refuse_unknown(saved, parameters_, {"momentum_buffer"});
    for (std::size_t i = 0; i < momentum_.size(); ++i)
      momentum_[i] = restored(saved, "momentum_buffer." + parameters_[i].name, parameters_[i].tensor->shape(),
                              Sign::kAny, parameters_[i].tensor->device());
  }

 private:
  OptimizerOptions options_;
  std::vector<Tensor> momentum_;
};

}  // namespace

std::unique_ptr<Optimizer> make_sgd(std::vector<nn::Parameter> parameters, const OptimizerOptions& options) {
  return std::make_unique<Sgd>(std::move(parameters), options);
}

}  // namespace linnet
