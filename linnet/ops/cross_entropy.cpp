#include <algorithm>
#include <vector>

#include "linnet/ops/internal.h"

namespace linnet {
namespace {

struct Loss {
  double sum = 0, weight = 0;
  double divided_by(double denominator) const { return denominator > 0 ? denominator : weight; }
};

void check_targets(std::span<const std::int32_t> targets, std::int64_t rows, std::int64_t classes, const CrossEntropyOptions& o) {
  check(static_cast<std::int64_t>(targets.size()) == rows, "[cross_entropy] {} targets for {} rows", targets.size(), rows);
  for (const std::int32_t t : targets) check(t < classes, "[cross_entropy] target {} is outside {} classes", t, classes);
  check(o.class_weights.empty() || static_cast<std::int64_t>(o.class_weights.size()) == classes,
        "[cross_entropy] {} class weights for {} classes", o.class_weights.size(), classes);
}

// Sums over rows of `logits`; the gradient of the sum goes to `dlogits` (which may be `logits`) unless it is null.
Loss run(const float* logits, std::int64_t rows, std::int64_t classes, const std::int32_t* targets, float* dlogits,
         const CrossEntropyOptions& o) {
  Loss loss;
  backend().cross_entropy({logits, rows, classes, classes, targets, o.label_smoothing,
                           o.class_weights.empty() ? nullptr : o.class_weights.data(), &loss.sum, &loss.weight, dlogits, classes});
  return loss;
}

Tensor value_of(const Loss& loss, double denominator) {
  const double by = loss.divided_by(denominator);
  const auto value = static_cast<float>(by > 0 ? loss.sum / by : 0);
  return Tensor::from(std::span(&value, 1), {1});
}

constexpr std::int64_t kChunkRows = 128;  // 128 rows of 50,000 scores are 25 MB

}  // namespace

Tensor cross_entropy(const Tensor& logits, std::span<const std::int32_t> targets, const CrossEntropyOptions& options) {
  check_matrix("cross_entropy", "logits", logits);
  const std::int64_t rows = logits.size(0), classes = logits.size(1);
  check_targets(targets, rows, classes, options);
  const bool keep = needs_grad({logits});
  const Tensor dlogits = keep ? like(logits) : Tensor();
  const Loss loss = run(in(logits), rows, classes, targets.data(), out(dlogits), options);
  Tensor y = value_of(loss, options.denominator);
  if (!keep) return y;
  const double by = std::max(loss.divided_by(options.denominator), 1e-30);
  return record("cross_entropy", {logits}, y, [dlogits, by](const Tensor& dy) -> Gradients {
    backend().scale(in(dlogits), static_cast<float>(dy.data<float>()[0] / by), out(dlogits), dlogits.numel());
    return {dlogits};
  });
}

Tensor linear_cross_entropy(const Tensor& hidden, const Tensor& weight, const Tensor& bias,
                            std::span<const std::int32_t> targets, const CrossEntropyOptions& options,
                            const LinearOptions& product) {
  check_matrix("linear_cross_entropy", "hidden", hidden);
  const std::int64_t rows = hidden.size(0), classes = weight.size(product.layout == WeightLayout::kOutIn ? 0 : 1);
  check_targets(targets, rows, classes, options);
  const bool keep = needs_grad({hidden, weight, bias});
  const bool wants_weight = keep && weight.requires_grad(), wants_bias = keep && bias && bias.requires_grad();
  Tensor dhidden, dweight, dbias;
  if (keep && hidden.requires_grad()) dhidden = Tensor::empty(hidden.shape());
  if (wants_weight) dweight = Tensor::zeros(weight.shape());
  if (wants_bias) dbias = Tensor::zeros(bias.shape());
  // The gradient of each piece is taken while its scores are still there; they are scaled when the loss's own arrives.
  Loss loss;
  const GradGuard off(false);
  for (std::int64_t begin = 0; begin < rows; begin += kChunkRows) {
    const std::int64_t n = std::min(kChunkRows, rows - begin);
    const Tensor part = hidden.slice(0, begin, begin + n);
    const Tensor scores = linear(part, weight, bias, product);
    const Loss own = run(in(scores), n, classes, targets.data() + begin, keep ? out(scores) : nullptr, options);
    loss.sum += own.sum, loss.weight += own.weight;
    if (!keep) continue;
    const WeightView view{weight.raw(), weight.dtype(), classes, hidden.size(1), product.layout, weight.storage().get(), !wants_weight};
    if (dhidden)
      backend().linear_grad_input({in(scores), classes, n, view, out(dhidden) + begin * hidden.size(1), hidden.size(1), false, product.precision});
    if (wants_weight)
      backend().linear_grad_weight({in(scores), in(part), classes, hidden.size(1), n, classes, hidden.size(1), product.layout,
                                    out(dweight), out(dbias), true, product.precision});
    else if (wants_bias)
      for (std::int64_t r = 0; r < n; ++r) backend().axpy(1.0f, in(scores) + r * classes, out(dbias), classes);
  }
  Tensor y = value_of(loss, options.denominator);
  if (!keep) return y;
  const double by = std::max(loss.divided_by(options.denominator), 1e-30);
  return record("linear_cross_entropy", {hidden, weight, bias}, y, [dhidden, dweight, dbias, by](const Tensor& dy) -> Gradients {
    const auto factor = static_cast<float>(dy.data<float>()[0] / by);
    for (const Tensor& g : {dhidden, dweight, dbias})
      if (g) backend().scale(in(g), factor, out(g), g.numel());
    return {dhidden, dweight, dbias};
  });
}

}  // namespace linnet
