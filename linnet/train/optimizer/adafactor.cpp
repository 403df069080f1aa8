// Adafactor (Shazeer and Stern 2018) as in transformers.optimization.Adafactor: the second moments of a matrix are one
// value per row and one per column.
#include <algorithm>
#include <cmath>

#include "linnet/backend/backend.h"
#include "linnet/train/optimizer/state.h"

namespace linnet {
namespace {

struct Factors {
  Tensor row, col;  // matrices
  Tensor all;       // vectors
};

class Adafactor final : public Optimizer {
 public:
  Adafactor(std::vector<nn::Parameter> parameters, const OptimizerOptions& options)
      : Optimizer(std::move(parameters)), options_(options), factors_(parameters_.size()) {}

  std::size_t planned_bytes() const override {
    std::size_t bytes = 0;
    for (const nn::Parameter& parameter : parameters_) {
      const Tensor& value = *parameter.tensor;
      const std::int64_t cols = value.size(-1);
      bytes += static_cast<std::size_t>(value.rank() > 1 ? value.numel() / cols + cols : cols) * sizeof(float);
    }
    return bytes;
  }

  std::map<std::string, Tensor> state() const override {
    std::map<std::string, Tensor> saved;
    for (std::size_t i = 0; i < factors_.size(); ++i) {
      const std::string& name = parameters_[i].name;
      const Tensor& value = *parameters_[i].tensor;
      const auto or_zeros = [](const Tensor& sum, const Shape& shape) { return sum ? sum : Tensor::zeros(shape); };
      if (value.rank() > 1) {
        saved["exp_avg_sq_row." + name] = or_zeros(factors_[i].row, {rows_of(value)});
        saved["exp_avg_sq_col." + name] = or_zeros(factors_[i].col, {value.size(-1)});
      } else {
        saved["exp_avg_sq." + name] = or_zeros(factors_[i].all, value.shape());
      }
    }
    return saved;
  }

 protected:
  void update(std::size_t index, const Tensor& gradient, float learning_rate, float gradient_scale) override {
    const nn::Parameter& parameter = parameters_[index];
    const Tensor& value = *parameter.tensor;
    if (value.numel() == 0) return;
    const bool matrix = value.rank() > 1;
    Factors& factors = factors_[index];
    const auto zeros = [&](std::int64_t n) { return Tensor::zeros({n}, DType::kF32, value.device()); };
    if (matrix && !factors.row) factors = {zeros(rows_of(value)), zeros(value.size(-1)), Tensor()};
    if (!matrix && !factors.all) factors.all = zeros(value.numel());
    const auto steps = static_cast<double>(steps_);
    backend(value.device())
        .adafactor(
            {.weight = address(value),
             .row = address(factors.row),
             .col = address(factors.col),
             .all = address(factors.all),
             .grad = address(gradient),
             .rows = matrix ? rows_of(value) : 1,
             .cols = value.size(-1),
             .grad_scale = gradient_scale,
             .learning_rate = options_.relative_step ? std::min(1e-2, 1 / std::sqrt(steps)) : double{learning_rate},
             .beta2 = 1 - std::pow(steps, options_.decay_rate),
             .eps1 = options_.adafactor_eps1,
             .clip_threshold = options_.clip_threshold,
             .weight_decay = decays(parameter, options_) ? options_.weight_decay : 0,
             .least_scale = options_.scale_parameter ? options_.adafactor_eps2 : -1});
  }

  void restore(const SavedTensors& saved) override {
    refuse_unknown(saved, parameters_, {"exp_avg_sq_row", "exp_avg_sq_col", "exp_avg_sq"});
    for (std::size_t i = 0; i < factors_.size(); ++i) {
      const std::string& name = parameters_[i].name;
      const Tensor& value = *parameters_[i].tensor;
      if (value.rank() > 1)
        factors_[i] = {restored(saved, "exp_avg_sq_row." + name, {rows_of(value)}, Sign::kNotNegative, value.device()),
                       restored(saved, "exp_avg_sq_col." + name, {value.size(-1)}, Sign::kNotNegative, value.device()),
                       Tensor()};
      else
        factors_[i] = {Tensor(), Tensor(),
                       restored(saved, "exp_avg_sq." + name, value.shape(), Sign::kNotNegative, value.device())};
    }
  }

 private:
  static std::int64_t rows_of(const Tensor& matrix) {
    return matrix.numel() / std::max<std::int64_t>(1, matrix.size(-1));
  }
  OptimizerOptions options_;
  std::vector<Factors> factors_;
};

}  // namespace

std::unique_ptr<Optimizer> make_adafactor(std::vector<nn::Parameter> parameters, const OptimizerOptions& options) {
  return std::make_unique<Adafactor>(std::move(parameters), options);
}

}  // namespace linnet
