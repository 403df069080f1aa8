// Stochastic gradient descent with momentum, as in torch.optim.SGD (dampening 0, no Nesterov).
#include "linnet/base/parallel.h"
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
      all["momentum_buffer." + parameters_[i].name] =
          momentum_[i] ? momentum_[i] : Tensor::zeros(parameters_[i].tensor->shape());
    return all;
  }

 protected:
  void update(std::size_t index, const Tensor& gradient, float learning_rate, float gradient_scale) override {
    const nn::Parameter& parameter = parameters_[index];
    float* w = parameter.tensor->data<float>().data();
    const float* g = gradient.data<float>().data();
    const float decay = decays(parameter, options_) ? options_.weight_decay : 0, mu = options_.momentum;
    if (mu != 0 && !momentum_[index]) momentum_[index] = Tensor::zeros(parameter.tensor->shape());
    float* buffer = mu != 0 ? momentum_[index].data<float>().data() : nullptr;
    parallel_for(parameter.tensor->numel(), 1 << 14, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        float d = g[i] * gradient_scale + decay * w[i];
        if (buffer != nullptr) d = buffer[i] = mu * buffer[i] + d;
        w[i] -= learning_rate * d;
      }
    });
  }

  void restore(const SavedTensors& saved) override {
    if (options_.momentum == 0) return refuse_unknown(saved, parameters_, {});
    refuse_unknown(saved, parameters_, {"momentum_buffer"});
    for (std::size_t i = 0; i < momentum_.size(); ++i)
      momentum_[i] =
          restored(saved, "momentum_buffer." + parameters_[i].name, parameters_[i].tensor->shape(), Sign::kAny);
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
