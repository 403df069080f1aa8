// Small transformers with large random weights, so that a wrong row or scale changes all results.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "linnet/base/rng.h"
#include "linnet/nn/transformer.h"

namespace linnet::nn {

using Ids = std::vector<std::int32_t>;
using Texts = std::vector<Ids>;

inline TransformerConfig small_config() {
  TransformerConfig c;
  c.vocab = 29, c.hidden = 12, c.layers = 2, c.heads = 2, c.kv_heads = 2, c.head_dim = 6, c.ffn = 20;
  c.max_positions = 200;
  c.head = HeadKind::kCausalLm;
  return c;
}

// Weights from one random stream, in the order of `visit`; norms near 1.
template <class M>
void fill(M& module, std::uint64_t seed = 1) {
  Rng rng(seed);
  for (const Parameter& p : parameters(module)) {
    *p.tensor = Tensor::empty(p.shape);
    const bool norm = is_norm(p.role) && p.part == Part::kWeight;
    for (float& v : p.tensor->template data<float>()) v = 0.4F * rng.normal() + (norm ? 1 : 0);
  }
}

inline Tensor matrix(std::vector<float> values, std::int64_t columns) {
  const auto rows = static_cast<std::int64_t>(values.size()) / columns;
  return Tensor::from(values, {rows, columns});
}
inline std::vector<float> values(const Tensor& x) {
  const Tensor flat = contiguous(x);
  return {flat.data<float>().begin(), flat.data<float>().end()};
}

// The largest difference; infinite for different shapes.
inline double distance(const std::vector<float>& x, const std::vector<float>& y) {
  if (x.size() != y.size()) return INFINITY;
  double worst = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double off = std::abs(static_cast<double>(x[i]) - static_cast<double>(y[i]));
    worst = off <= worst ? worst : off;  // NaN is kept
  }
  return worst;
}
inline double distance(const Tensor& a, const Tensor& b) {
  return a.shape() == b.shape() ? distance(values(a), values(b)) : INFINITY;
}

inline std::vector<std::string> names(const std::vector<Parameter>& parameters) {
  std::vector<std::string> all;
  for (const Parameter& p : parameters) all.push_back(p.name);
  return all;
}

}  // namespace linnet::nn
