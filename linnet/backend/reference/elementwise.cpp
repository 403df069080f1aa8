#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "linnet/backend/reference/reference.h"
#include "linnet/tensor/blocks.h"

namespace linnet {
namespace {

constexpr double kTanhScale = 0.7978845608028654;  // sqrt(2 / pi)
constexpr double kTanhCubic = 0.044715;

struct Slope {
  double value, derivative;
};

Slope apply(Activation kind, double x) {
  switch (kind) {
    case Activation::kIdentity:
      return {x, 1};
    case Activation::kRelu:
      return {x > 0 ? x : 0, x > 0 ? 1.0 : 0.0};
    case Activation::kGelu: {
      const double phi = 0.5 * std::erfc(-x / std::numbers::sqrt2);
      return {x * phi, phi + x * std::exp(-0.5 * x * x) / std::sqrt(2 * std::numbers::pi)};
    }
    case Activation::kGeluTanh: {
      const double t = std::tanh(kTanhScale * (x + kTanhCubic * x * x * x));
      const double inner = kTanhScale * (1 + 3 * kTanhCubic * x * x);
      return {0.5 * x * (1 + t), 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * inner};
    }
    case Activation::kSilu: {
      const double s = 1 / (1 + std::exp(-x));
      return {x * s, s * (1 + x * (1 - s))};
    }
    case Activation::kTanh: {
      const double t = std::tanh(x);
      return {t, 1 - t * t};
    }
    case Activation::kSigmoid: {
      const double s = 1 / (1 + std::exp(-x));
      return {s, s * (1 - s)};
    }
  }
  return {x, 1};
}

}  // namespace

void ReferenceBackend::activation(const ActivationArgs& a) {
  for (std::int64_t i = 0; i < a.n; ++i) {
    const double value = apply(a.kind, a.x[i]).value;
    a.y[i] = static_cast<float>(a.gate_with != nullptr ? value * a.gate_with[i] : value);
  }
}

void ReferenceBackend::activation_grad(const ActivationGradArgs& a) {
  for (std::int64_t i = 0; i < a.n; ++i) {
    const Slope s = apply(a.kind, a.x[i]);
    const double dy = a.dy[i];
    if (a.dgate_with != nullptr) a.dgate_with[i] = static_cast<float>(dy * s.value);
    a.dx[i] = static_cast<float>(dy * s.derivative * (a.gate_with != nullptr ? a.gate_with[i] : 1.0f));
  }
}

void ReferenceBackend::rotary(const RotaryArgs& a) {
  const std::int64_t half = a.dims / 2;
  for (std::int64_t r = 0; r < a.rows; ++r) {
    const float* cosine = a.cosine + a.table_rows[r] * half;
    const float* sine = a.sine + a.table_rows[r] * half;
    for (std::int64_t h = 0; h < a.heads; ++h) {
      const float* x = a.x + r * a.x_stride + h * a.x_head_stride;
      float* y = a.y + r * a.y_stride + h * a.head_dim;
      for (std::int64_t i = 0; i < half; ++i) {
        const float first = x[i], second = x[i + half], s = a.inverse ? -sine[i] : sine[i];
        y[i] = first * cosine[i] - second * s;
        y[i + half] = second * cosine[i] + first * s;
      }
      for (std::int64_t i = a.dims; i < a.head_dim; ++i) y[i] = x[i];
    }
  }
}

void ReferenceBackend::embedding(const EmbeddingArgs& a) {
  const std::size_t bytes = row_bytes(a.type, a.cols);
  for (std::int64_t r = 0; r < a.rows; ++r)
    to_float(static_cast<const std::byte*>(a.table) + static_cast<std::size_t>(a.ids[r]) * bytes, a.type,
             a.y + r * a.cols, 1, a.cols);
}

void ReferenceBackend::embedding_grad(const EmbeddingGradArgs& a) {
  for (std::int64_t r = 0; r < a.rows; ++r)
    for (std::int64_t c = 0; c < a.cols; ++c) a.dtable[a.ids[r] * a.cols + c] += a.dy[r * a.cols + c];
}

void ReferenceBackend::dropout(const DropoutArgs& a) {
  const auto threshold = static_cast<std::uint64_t>(static_cast<double>(a.p) * 0x1p32);
  const float kept = 1 / (1 - a.p);
  for (std::int64_t i = 0; i < a.n; ++i) {
    const auto number = philox(a.key, static_cast<std::uint64_t>(i) / 4)[static_cast<std::size_t>(i % 4)];
    a.y[i] = number >= threshold ? a.x[i] * kept : 0;
  }
}

void ReferenceBackend::add(const float* a, const float* b, float* y, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) y[i] = a[i] + b[i];
}
void ReferenceBackend::axpy(float alpha, const float* x, float* y, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) y[i] += alpha * x[i];
}
void ReferenceBackend::multiply(const float* a, const float* b, float* y, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) y[i] = a[i] * b[i];
}
void ReferenceBackend::scale(const float* x, float alpha, float* y, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) y[i] = alpha * x[i];
}
void ReferenceBackend::fill(float* y, float value, std::int64_t n) { std::fill_n(y, n, value); }
double ReferenceBackend::sum(const float* x, std::int64_t n) { return std::accumulate(x, x + n, 0.0); }
double ReferenceBackend::sum_squares(const float* x, std::int64_t n) {
  double sum = 0;
  for (std::int64_t i = 0; i < n; ++i) sum += static_cast<double>(x[i]) * x[i];
  return sum;
}

void ReferenceBackend::to_float(const void* x, DType type, float* y, std::int64_t rows, std::int64_t cols) {
  dequantize(type, static_cast<const std::byte*>(x), {y, static_cast<std::size_t>(rows * cols)});
}
void ReferenceBackend::from_float(const float* x, DType type, void* y, std::int64_t rows, std::int64_t cols) {
  quantize(type, {x, static_cast<std::size_t>(rows * cols)}, static_cast<std::byte*>(y));
}

}  // namespace linnet
