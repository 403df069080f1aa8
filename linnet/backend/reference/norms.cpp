#include <cmath>
#include <vector>

#include "linnet/backend/reference/reference.h"

namespace linnet {
namespace {

double mean_of(const float* x, std::int64_t n) {
  double sum = 0;
  for (std::int64_t i = 0; i < n; ++i) sum += x[i];
  return sum / static_cast<double>(n);
}

double square_mean(const float* x, double mean, std::int64_t n) {
  double sum = 0;
  for (std::int64_t i = 0; i < n; ++i) sum += (x[i] - mean) * (x[i] - mean);
  return sum / static_cast<double>(n);
}

template <class Args>
double factor(const Args& a, std::int64_t c) {
  return static_cast<double>(a.weight[c]) + a.weight_offset;
}

void norm(const NormArgs& a, bool centred) {
  for (std::int64_t r = 0; r < a.rows; ++r) {
    const float* x = a.x + r * a.cols;
    const double mean = centred ? mean_of(x, a.cols) : 0;
    const double rstd = 1 / std::sqrt(square_mean(x, mean, a.cols) + static_cast<double>(a.eps));
    for (std::int64_t c = 0; c < a.cols; ++c) {
      const double bias = a.bias != nullptr ? a.bias[c] : 0;
      a.y[r * a.cols + c] = static_cast<float>((x[c] - mean) * rstd * factor(a, c) + bias);
    }
    if (a.mean != nullptr) a.mean[r] = static_cast<float>(mean);
    if (a.rstd != nullptr) a.rstd[r] = static_cast<float>(rstd);
  }
}

// dx = rstd (g - [mean(g)] - xhat mean(g xhat)) with g = dy (weight + weight_offset); the bracket only if the mean was
// subtracted.
void norm_grad(const NormGradArgs& a, bool centred) {
  std::vector<double> dweight(static_cast<std::size_t>(a.cols)), dbias(static_cast<std::size_t>(a.cols));
  for (std::int64_t r = 0; r < a.rows; ++r) {
    const float *dy = a.dy + r * a.cols, *x = a.x + r * a.cols;
    const double mean = centred ? a.mean[r] : 0, rstd = a.rstd[r];
    double g_sum = 0, gx_sum = 0;
    for (std::int64_t c = 0; c < a.cols; ++c) {
      const double normed = (x[c] - mean) * rstd, g = static_cast<double>(dy[c]) * factor(a, c);
      g_sum += g;
      gx_sum += g * normed;
      dweight[static_cast<std::size_t>(c)] += dy[c] * normed;
      dbias[static_cast<std::size_t>(c)] += dy[c];
    }
    const auto n = static_cast<double>(a.cols);
    if (a.dx == nullptr) continue;
    for (std::int64_t c = 0; c < a.cols; ++c) {
      const double normed = (x[c] - mean) * rstd, g = static_cast<double>(dy[c]) * factor(a, c);
      a.dx[r * a.cols + c] = static_cast<float>(rstd * (g - (centred ? g_sum / n : 0) - normed * gx_sum / n));
    }
  }
  for (std::int64_t c = 0; c < a.cols; ++c) {
    if (a.dweight != nullptr) a.dweight[c] = static_cast<float>(dweight[static_cast<std::size_t>(c)]);
    if (a.dbias != nullptr) a.dbias[c] = static_cast<float>(dbias[static_cast<std::size_t>(c)]);
  }
}

}  // namespace

void ReferenceBackend::layer_norm(const NormArgs& a) { norm(a, true); }
void ReferenceBackend::layer_norm_grad(const NormGradArgs& a) { norm_grad(a, true); }
void ReferenceBackend::rms_norm(const NormArgs& a) { norm(a, false); }
void ReferenceBackend::rms_norm_grad(const NormGradArgs& a) { norm_grad(a, false); }

}  // namespace linnet
