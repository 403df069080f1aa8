#include <algorithm>
#include <cmath>
#include <vector>

#include "linnet/backend/reference/reference.h"
#include "linnet/base/parallel.h"

namespace linnet {
namespace {

double root_mean_square(const float* x, std::int64_t n) {
  double sum = 0;
  for (std::int64_t i = 0; i < n; ++i) sum += static_cast<double>(x[i]) * x[i];
  return std::sqrt(sum / static_cast<double>(std::max<std::int64_t>(1, n)));
}

// Updates the factors by the gradient u and divides u by the root of their product.
void precondition_matrix(const AdafactorArgs& a, std::vector<float>& u) {
  std::vector<double> column_sums(static_cast<std::size_t>(a.cols), 0);
  double row_mean = 0;
  for (std::int64_t r = 0; r < a.rows; ++r) {
    double sum = 0;
    for (std::int64_t c = 0; c < a.cols; ++c) {
      const double value = u[static_cast<std::size_t>(r * a.cols + c)], square = value * value + a.eps1;
      sum += square;
      column_sums[static_cast<std::size_t>(c)] += square;
    }
    a.row[r] = static_cast<float>(a.beta2 * a.row[r] + (1 - a.beta2) * sum / static_cast<double>(a.cols));
    row_mean += a.row[r];
  }
  row_mean /= static_cast<double>(a.rows);
  for (std::int64_t c = 0; c < a.cols; ++c)
    a.col[c] = static_cast<float>(a.beta2 * a.col[c] + (1 - a.beta2) * column_sums[static_cast<std::size_t>(c)] /
                                                           static_cast<double>(a.rows));
  for (std::int64_t r = 0; r < a.rows; ++r) {
    const double by_row = 1 / std::sqrt(a.row[r] / row_mean);
    for (std::int64_t c = 0; c < a.cols; ++c) {
      float& value = u[static_cast<std::size_t>(r * a.cols + c)];
      value = static_cast<float>(value * by_row / std::sqrt(static_cast<double>(a.col[c])));
    }
  }
}

void precondition_vector(const AdafactorArgs& a, std::vector<float>& u) {
  for (std::size_t i = 0; i < u.size(); ++i) {
    a.all[i] = static_cast<float>(a.beta2 * a.all[i] + (1 - a.beta2) * (static_cast<double>(u[i]) * u[i] + a.eps1));
    u[i] = static_cast<float>(u[i] / std::sqrt(static_cast<double>(a.all[i])));
  }
}

}  // namespace

void ReferenceBackend::adam(const AdamArgs& a) {
  for (std::int64_t i = 0; i < a.n; ++i) {
    double g = static_cast<double>(a.grad[i]) * a.grad_scale, w = a.weight[i];
    if (a.decoupled)
      w -= static_cast<double>(a.learning_rate) * a.weight_decay * w;
    else
      g += static_cast<double>(a.weight_decay) * w;
    const double m = a.beta1 * static_cast<double>(a.m[i]) + (1 - static_cast<double>(a.beta1)) * g;
    const double v = a.beta2 * static_cast<double>(a.v[i]) + (1 - static_cast<double>(a.beta2)) * g * g;
    w -= a.learning_rate * (m / a.correction1) / (std::sqrt(v / a.correction2) + a.eps);
    a.m[i] = static_cast<float>(m);
    a.v[i] = static_cast<float>(v);
    a.weight[i] = static_cast<float>(w);
  }
}

void ReferenceBackend::sgd(const SgdArgs& a) {
  parallel_for(a.n, 1 << 14, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      float d = a.grad[i] * a.grad_scale + a.weight_decay * a.weight[i];
      if (a.momentum_buffer != nullptr) d = a.momentum_buffer[i] = a.momentum * a.momentum_buffer[i] + d;
      a.weight[i] -= a.learning_rate * d;
    }
  });
}

void ReferenceBackend::adafactor(const AdafactorArgs& a) {
  const std::int64_t n = a.rows * a.cols;
  double rate = a.learning_rate;
  if (a.least_scale >= 0) rate *= std::max(a.least_scale, root_mean_square(a.weight, n));
  std::vector<float> u(a.grad, a.grad + n);
  for (float& value : u) value *= a.grad_scale;
  if (a.row != nullptr)
    precondition_matrix(a, u);
  else
    precondition_vector(a, u);
  const double most = std::max(1.0, root_mean_square(u.data(), n) / a.clip_threshold);
  const auto size = static_cast<float>(rate / most), keep = static_cast<float>(1 - a.weight_decay * rate);
  for (std::int64_t i = 0; i < n; ++i) a.weight[i] = keep * a.weight[i] - size * u[static_cast<std::size_t>(i)];
}

}  // namespace linnet
