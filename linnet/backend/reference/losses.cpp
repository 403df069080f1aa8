#include <algorithm>
#include <cmath>

#include "linnet/backend/reference/reference.h"

namespace linnet {
namespace {

double log_sum_exp(const float* x, std::int64_t n) {
  const double most = *std::max_element(x, x + n);
  double sum = 0;
  for (std::int64_t i = 0; i < n; ++i) sum += std::exp(static_cast<double>(x[i]) - most);
  return most + std::log(sum);
}

}  // namespace

void ReferenceBackend::log_softmax(const float* x, float* y, std::int64_t rows, std::int64_t cols) {
  for (std::int64_t r = 0; r < rows; ++r) {
    const double total = log_sum_exp(x + r * cols, cols);
    for (std::int64_t c = 0; c < cols; ++c) y[r * cols + c] = static_cast<float>(x[r * cols + c] - total);
  }
}

// With smoothing s (PyTorch's rule): (1 - s) w[t] (-log p[t]) + s / classes * sum over c of w[c] (-log p[c]); the row's
// weight is w[t].
void ReferenceBackend::cross_entropy(const CrossEntropyArgs& a) {
  *a.loss = *a.weight = 0;
  const double smooth = a.label_smoothing, each = smooth / static_cast<double>(a.cols);
  const auto class_weight = [&](std::int64_t c) {
    return a.class_weights != nullptr ? static_cast<double>(a.class_weights[c]) : 1.0;
  };
  for (std::int64_t r = 0; r < a.rows; ++r) {
    const float* x = a.logits + r * a.stride;
    float* dx = a.dlogits != nullptr ? a.dlogits + r * a.dlogits_stride : nullptr;
    const std::int32_t target = a.targets[r];
    if (target < 0) {
      if (dx != nullptr) std::fill_n(dx, a.cols, 0.0f);
      continue;
    }
    const double total = log_sum_exp(x, a.cols), own = class_weight(target);
    double pull = (1 - smooth) * own, loss = pull * (total - x[target]);
    if (smooth > 0) {
      for (std::int64_t c = 0; c < a.cols; ++c) {
        loss += each * class_weight(c) * (total - x[c]);
        pull += each * class_weight(c);
      }
    }
    *a.loss += loss;
    *a.weight += own;
    if (dx == nullptr) continue;
    for (std::int64_t c = 0; c < a.cols; ++c) {
      const double wanted = (c == target ? (1 - smooth) * own : 0) + (smooth > 0 ? each * class_weight(c) : 0);
      dx[c] = static_cast<float>(pull * std::exp(x[c] - total) - wanted);
    }
  }
}

// Binary: max(x, 0) - x t + log(1 + exp(-|x|)); this form does not overflow.
double ReferenceBackend::element_loss(const ElementLossArgs& a) {
  double total = 0;
  for (std::int64_t i = 0; i < a.n; ++i) {
    const double x = a.x[i], t = a.target[i];
    total += a.kind == ElementLoss::kSquaredError ? (x - t) * (x - t)
                                                  : std::max(x, 0.0) - x * t + std::log1p(std::exp(-std::abs(x)));
  }
  return total;
}

void ReferenceBackend::element_loss_grad(const ElementLossGradArgs& a) {
  const ElementLossArgs& f = a.forward;
  if (f.kind == ElementLoss::kSquaredError)
    for (std::int64_t i = 0; i < f.n; ++i) a.dx[i] = 2 * a.factor * (f.x[i] - f.target[i]);
  else
    for (std::int64_t i = 0; i < f.n; ++i) a.dx[i] = a.factor * (1 / (1 + std::exp(-f.x[i])) - f.target[i]);
}

}  // namespace linnet
