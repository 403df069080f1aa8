#include <vector>

#include "linnet/backend/reference/reference.h"

namespace linnet {
namespace {

// Converts a weight of any type and layout to f32 [out, in].
std::vector<float> plain(ReferenceBackend& backend, const WeightView& w) {
  std::vector<float> stored(static_cast<std::size_t>(w.out * w.in));
  const bool out_in = w.layout == WeightLayout::kOutIn;
  backend.to_float(w.data, w.type, stored.data(), out_in ? w.out : w.in, out_in ? w.in : w.out);
  if (out_in) return stored;
  std::vector<float> turned(stored.size());
  for (std::int64_t o = 0; o < w.out; ++o)
    for (std::int64_t i = 0; i < w.in; ++i)
      turned[static_cast<std::size_t>(o * w.in + i)] = stored[static_cast<std::size_t>(i * w.out + o)];
  return turned;
}

}  // namespace

void ReferenceBackend::linear(const LinearArgs& a) {
  const std::vector<float> weight = plain(*this, a.weight);
  for (std::int64_t r = 0; r < a.m; ++r) {
    for (std::int64_t o = 0; o < a.weight.out; ++o) {
      double sum = a.bias != nullptr ? a.bias[o] : 0;
      for (std::int64_t i = 0; i < a.weight.in; ++i)
        sum += static_cast<double>(a.x[r * a.x_stride + i]) * weight[static_cast<std::size_t>(o * a.weight.in + i)];
      float& y = a.y[r * a.y_stride + o];
      y = static_cast<float>(a.accumulate ? y + sum : sum);
    }
  }
}

void ReferenceBackend::linear_grad_input(const LinearGradInputArgs& a) {
  const std::vector<float> weight = plain(*this, a.weight);
  for (std::int64_t r = 0; r < a.m; ++r) {
    for (std::int64_t i = 0; i < a.weight.in; ++i) {
      double sum = 0;
      for (std::int64_t o = 0; o < a.weight.out; ++o)
        sum += static_cast<double>(a.dy[r * a.dy_stride + o]) * weight[static_cast<std::size_t>(o * a.weight.in + i)];
      float& dx = a.dx[r * a.dx_stride + i];
      dx = static_cast<float>(a.accumulate ? dx + sum : sum);
    }
  }
}

void ReferenceBackend::linear_grad_weight(const LinearGradWeightArgs& a) {
  for (std::int64_t o = 0; o < a.out; ++o) {
    for (std::int64_t i = 0; i < a.in; ++i) {
      double sum = 0;
      for (std::int64_t r = 0; r < a.m; ++r)
        sum += static_cast<double>(a.dy[r * a.dy_stride + o]) * a.x[r * a.x_stride + i];
      float& dw = a.dweight[a.layout == WeightLayout::kOutIn ? o * a.in + i : i * a.out + o];
      dw = static_cast<float>(a.accumulate ? dw + sum : sum);
    }
    if (a.dbias == nullptr) continue;
    double sum = a.accumulate ? a.dbias[o] : 0;
    for (std::int64_t r = 0; r < a.m; ++r) sum += a.dy[r * a.dy_stride + o];
    a.dbias[o] = static_cast<float>(sum);
  }
}

void ReferenceBackend::gemm(const GemmArgs& g) {
  for (std::int64_t b = 0; b < g.batch; ++b) {
    const float *left = g.a + b * g.a_stride, *right = g.b + b * g.b_stride;
    float* out = g.c + b * g.c_stride;
    for (std::int64_t i = 0; i < g.m; ++i) {
      for (std::int64_t j = 0; j < g.n; ++j) {
        double sum = 0;
        for (std::int64_t k = 0; k < g.k; ++k)
          sum += static_cast<double>(g.transpose_a ? left[k * g.lda + i] : left[i * g.lda + k]) *
                 (g.transpose_b ? right[j * g.ldb + k] : right[k * g.ldb + j]);
        float& c = out[i * g.ldc + j];
        c = static_cast<float>(g.alpha * sum + (g.beta == 0 ? 0.0 : static_cast<double>(g.beta) * c));
      }
    }
  }
}

}  // namespace linnet
