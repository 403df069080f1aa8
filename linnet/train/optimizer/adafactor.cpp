// Adafactor (Shazeer and Stern 2018) as in transformers.optimization.Adafactor: the second moments of a matrix are one
// value per row and one per column.
#include <algorithm>
#include <cmath>

#include "linnet/train/optimizer/state.h"

namespace linnet {
namespace {

struct Factors {
  Tensor row, col;  // matrices
  Tensor all;       // vectors
};

double root_mean_square(const float* x, std::int64_t n) {
  double sum = 0;
  for (std::int64_t i = 0; i < n; ++i) sum += static_cast<double>(x[i]) * x[i];
  return std::sqrt(sum / static_cast<double>(std::max<std::int64_t>(1, n)));
}

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
    const std::int64_t n = value.numel(), cols = value.size(-1), rows = n / std::max<std::int64_t>(1, cols);
    if (n == 0) return;
    float* w = value.data<float>().data();
    const double rate = rate_of(w, n, learning_rate);
    Tensor change = Tensor::empty(value.shape());
    float* u = change.data<float>().data();
    const float* g = gradient.data<float>().data();
    for (std::int64_t i = 0; i < n; ++i) u[i] = g[i] * gradient_scale;
    if (value.rank() > 1)
      precondition_matrix(factors_[index], u, rows, cols);
    else
      precondition_vector(factors_[index], u, n);
    const double most = std::max(1.0, root_mean_square(u, n) / options_.clip_threshold);
    const auto size = static_cast<float>(rate / most);
    const auto keep = static_cast<float>(1 - (decays(parameter, options_) ? options_.weight_decay : 0) * rate);
    for (std::int64_t i = 0; i < n; ++i) w[i] = keep * w[i] - size * u[i];
  }

  void restore(const SavedTensors& saved) override {
    refuse_unknown(saved, parameters_, {"exp_avg_sq_row", "exp_avg_sq_col", "exp_avg_sq"});
    for (std::size_t i = 0; i < factors_.size(); ++i) {
      const std::string& name = parameters_[i].name;
      const Tensor& value = *parameters_[i].tensor;
      if (value.rank() > 1)
        factors_[i] = {restored(saved, "exp_avg_sq_row." + name, {rows_of(value)}, Sign::kNotNegative),
                       restored(saved, "exp_avg_sq_col." + name, {value.size(-1)}, Sign::kNotNegative), Tensor()};
      else
        factors_[i] = {Tensor(), Tensor(), restored(saved, "exp_avg_sq." + name, value.shape(), Sign::kNotNegative)};
    }
  }

 private:
  static std::int64_t rows_of(const Tensor& matrix) {
    return matrix.numel() / std::max<std::int64_t>(1, matrix.size(-1));
  }
  double beta2() const { return 1 - std::pow(static_cast<double>(steps_), options_.decay_rate); }

  double rate_of(const float* w, std::int64_t n, float learning_rate) const {
    double rate = learning_rate;
    if (options_.relative_step) rate = std::min(1e-2, 1 / std::sqrt(static_cast<double>(steps_)));
    if (options_.scale_parameter) rate *= std::max<double>(options_.adafactor_eps2, root_mean_square(w, n));
    return rate;
  }

  void precondition_matrix(Factors& factors, float* u, std::int64_t rows, std::int64_t cols) const {
    if (!factors.row) {
      factors.row = Tensor::zeros({rows});
      factors.col = Tensor::zeros({cols});
    }
    float *row = factors.row.data<float>().data(), *col = factors.col.data<float>().data();
    std::vector<double> column_sums(static_cast<std::size_t>(cols), 0);
    const double keep = beta2(), eps = options_.adafactor_eps1;
    double row_mean = 0;
    for (std::int64_t r = 0; r < rows; ++r) {
      double sum = 0;
      for (std::int64_t c = 0; c < cols; ++c) {
        const double square = static_cast<double>(u[r * cols + c]) * u[r * cols + c] + eps;
        sum += square;
        column_sums[static_cast<std::size_t>(c)] += square;
      }
      row[r] = static_cast<float>(keep * row[r] + (1 - keep) * sum / static_cast<double>(cols));
      row_mean += row[r];
    }
    row_mean /= static_cast<double>(rows);
    for (std::int64_t c = 0; c < cols; ++c)
      col[c] = static_cast<float>(keep * col[c] +
                                  (1 - keep) * column_sums[static_cast<std::size_t>(c)] / static_cast<double>(rows));
    for (std::int64_t r = 0; r < rows; ++r) {
      const double by_row = 1 / std::sqrt(row[r] / row_mean);
      for (std::int64_t c = 0; c < cols; ++c)
        u[r * cols + c] = static_cast<float>(u[r * cols + c] * by_row / std::sqrt(static_cast<double>(col[c])));
    }
  }

  void precondition_vector(Factors& factors, float* u, std::int64_t n) const {
    if (!factors.all) factors.all = Tensor::zeros({n});
    float* v = factors.all.data<float>().data();
    const double keep = beta2();
    for (std::int64_t i = 0; i < n; ++i) {
      v[i] =
          static_cast<float>(keep * v[i] + (1 - keep) * (static_cast<double>(u[i]) * u[i] + options_.adafactor_eps1));
      u[i] = static_cast<float>(u[i] / std::sqrt(static_cast<double>(v[i])));
    }
  }

  OptimizerOptions options_;
  std::vector<Factors> factors_;
};

}  // namespace

std::unique_ptr<Optimizer> make_adafactor(std::vector<nn::Parameter> parameters, const OptimizerOptions& options) {
  return std::make_unique<Adafactor>(std::move(parameters), options);
}

}  // namespace linnet
