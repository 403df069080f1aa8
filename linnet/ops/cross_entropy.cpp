#include <algorithm>
#include <vector>

#include "linnet/ops/internal.h"

namespace linnet {
namespace {

struct Loss {
  double sum = 0, weight = 0;
  double divided_by(double denominator) const { return denominator > 0 ? denominator : weight; }
};

void check_targets(std::span<const std::int32_t> targets, std::int64_t rows, std::int64_t classes,
                   const CrossEntropyOptions& o) {
  check(static_cast<std::int64_t>(targets.size()) == rows, "[cross_entropy] {} targets for {} rows", targets.size(),
        rows);
  for (const std::int32_t t : targets)
    check(t < classes, "[cross_entropy] target {} is outside {} classes", t, classes);
  check(o.class_weights.empty() || static_cast<std::int64_t>(o.class_weights.size()) == classes,
        "[cross_entropy] {} class weights for {} classes", o.class_weights.size(), classes);
}

// Sums over rows of `logits`; the gradient of the sum goes to `dlogits` (which may be `logits`) unless it is null.
Loss run(const Tensor& logits, const std::int32_t* targets, float* dlogits, const CrossEntropyOptions& o) {
  Loss loss;
  const std::int64_t rows = logits.size(0), classes = logits.size(1);
  backend(logits.device())
      .cross_entropy({in(logits), rows, classes, classes, targets, o.label_smoothing,
                      o.class_weights.empty() ? nullptr : o.class_weights.data(), &loss.sum, &loss.weight, dlogits,
                      classes});
  return loss;
}

Tensor value_of(const Loss& loss, double denominator) {
  const double by = loss.divided_by(denominator);
  return scalar(by > 0 ? loss.sum / by : 0);
}

// The logits of one chunk: few chunks, since each reads the whole weight, in bounded memory.
constexpr std::int64_t kChunkValues = std::int64_t{1} << 24;

std::int64_t chunk_rows(std::int64_t rows, std::int64_t classes) {
  const std::int64_t most = std::max<std::int64_t>(64, kChunkValues / std::max<std::int64_t>(1, classes));
  const std::int64_t chunks = (rows + most - 1) / most;
  return chunks == 0 ? 1 : (rows + chunks - 1) / chunks;
}

// Rows that have a target; logits of other rows are never computed.
struct Counted {
  std::vector<std::int32_t> rows, targets;
};
Counted counted_rows(std::span<const std::int32_t> targets) {
  Counted counted;
  for (std::size_t r = 0; r < targets.size(); ++r) {
    if (targets[r] < 0) continue;
    counted.rows.push_back(static_cast<std::int32_t>(r));
    counted.targets.push_back(targets[r]);
  }
  return counted;
}

// Gradients of the sum of losses; undefined if not needed.
struct Piecewise {
  Tensor dhidden, dweight, dbias;
};

// The loss over all chunks. The gradient of a chunk overwrites its logits.
Loss run_chunks(const Tensor& hidden, const Tensor& weight, const Tensor& bias,
                const std::vector<std::int32_t>& targets, const CrossEntropyOptions& options,
                const LinearOptions& product, const Piecewise& g) {
  const std::int64_t rows = hidden.size(0), width = hidden.size(1);
  const std::int64_t classes = weight.size(product.layout == WeightLayout::kOutIn ? 0 : 1),
                     step = chunk_rows(rows, classes);
  const bool keep = g.dhidden || g.dweight || g.dbias;
  const WeightView view{weight.data_ptr(),      weight.dtype(),         classes, width, product.layout,
                        weight.storage().get(), !weight.requires_grad()};
  Backend& device = backend(hidden.device());
  Loss loss;
  const GradGuard off(false);
  for (std::int64_t begin = 0; begin < rows; begin += step) {
    const std::int64_t n = std::min(step, rows - begin);
    const Tensor part = hidden.slice(0, begin, begin + n);
    Tensor scores = linear(part, weight, bias, product), before;
    if (options.softcap > 0) {
      before = scale(scores, 1 / options.softcap);
      scores = scale(activation(before, Activation::kTanh), options.softcap);
    }
    const Loss own = run(scores, targets.data() + begin, keep ? out(scores) : nullptr, options);
    loss.sum += own.sum, loss.weight += own.weight;
    if (keep && before)
      device.activation_grad(
          {in(scores), in(before), nullptr, out(scores), nullptr, scores.numel(), Activation::kTanh});
    if (g.dhidden)
      device.linear_grad_input(
          {in(scores), classes, n, view, out(g.dhidden) + begin * width, width, false, product.precision});
    if (g.dweight)
      device.linear_grad_weight({in(scores), in(part), classes, width, n, classes, width, product.layout,
                                 out(g.dweight), out(g.dbias), begin > 0, product.precision});
    else if (g.dbias)
      for (std::int64_t r = 0; r < n; ++r) device.axpy(1.0f, in(scores) + r * classes, out(g.dbias), classes);
  }
  return loss;
}

}  // namespace

Tensor cross_entropy(const Tensor& logits, std::span<const std::int32_t> targets, const CrossEntropyOptions& options) {
  check_matrix("cross_entropy", "logits", logits);
  const std::int64_t rows = logits.size(0), classes = logits.size(1);
  check_targets(targets, rows, classes, options);
  const bool keep = needs_grad({logits});
  const Tensor dlogits = keep ? like(logits) : Tensor();
  const Loss loss = run(logits, targets.data(), out(dlogits), options);
  Tensor y = value_of(loss, options.denominator);
  if (!keep) return y;
  const double by = std::max(loss.divided_by(options.denominator), 1e-30);
  return record("cross_entropy", {logits}, y, [dlogits, by](const Tensor& dy) -> Gradients {
    backend(dlogits.device()).scale(in(dlogits), static_cast<float>(dy.item() / by), out(dlogits), dlogits.numel());
    return {dlogits};
  });
}

Tensor linear_cross_entropy(const Tensor& hidden, const Tensor& weight, const Tensor& bias,
                            std::span<const std::int32_t> targets, const CrossEntropyOptions& options,
                            const LinearOptions& product) {
  check_matrix("linear_cross_entropy", "hidden", hidden);
  check(weight && weight.rank() == 2, "[linear_cross_entropy] the weight is not a matrix");
  const std::int64_t rows = hidden.size(0), classes = weight.size(product.layout == WeightLayout::kOutIn ? 0 : 1);
  check_targets(targets, rows, classes, options);
  const Counted counted = counted_rows(targets);
  const bool keep = needs_grad({hidden, weight, bias}), all = static_cast<std::int64_t>(counted.rows.size()) == rows;
  check(!needs_grad({weight}) || weight.dtype() == DType::kF32,
        "[linear_cross_entropy: {} weight] has no gradient and an input requires one", info(weight.dtype()).name);
  const Tensor used = all ? hidden : gather_rows(hidden.detach(), counted.rows);
  Piecewise g;
  if (needs_grad({hidden})) g.dhidden = like(used);
  if (needs_grad({weight})) g.dweight = used.size(0) > 0 ? like(weight) : zeros_on(weight.device(), weight.shape());
  if (needs_grad({bias})) g.dbias = zeros_on(bias.device(), bias.shape());
  const Loss loss = run_chunks(used, weight, bias, counted.targets, options, product, g);
  Tensor y = value_of(loss, options.denominator);
  if (!keep) return y;
  const double by = std::max(loss.divided_by(options.denominator), 1e-30);
  // The gradients are scaled when the gradient of the loss is known.
  return record("linear_cross_entropy", {hidden, weight, bias}, y,
                [g, by, to_hidden = GradInput(hidden), all, kept = counted.rows](const Tensor& dy) -> Gradients {
                  const auto factor = static_cast<float>(dy.item() / by);
                  for (const Tensor& part : {g.dhidden, g.dweight, g.dbias})
                    if (part) backend(part.device()).scale(in(part), factor, out(part), part.numel());
                  if (all || !g.dhidden) return {g.dhidden, g.dweight, g.dbias};
                  Tensor dhidden = grad_room_to_add(to_hidden);
                  backend(dhidden.device())
                      .embedding_grad({in(g.dhidden), kept.data(), out(dhidden), g.dhidden.size(0), g.dhidden.size(1)});
                  return {dhidden, g.dweight, g.dbias};
                });
}

}  // namespace linnet
