#include "linnet/train/optimizer/optimizer.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "linnet/backend/backend.h"
#include "linnet/base/error.h"
#include "linnet/train/optimizer/state.h"

namespace linnet {
namespace {

constexpr std::array kOptimizerNames{std::pair{std::string_view("adamw"), OptimizerKind::kAdamW},
                                     std::pair{std::string_view("adam"), OptimizerKind::kAdam},
                                     std::pair{std::string_view("sgd"), OptimizerKind::kSgd},
                                     std::pair{std::string_view("adafactor"), OptimizerKind::kAdafactor}};

std::vector<nn::Parameter> checked(std::vector<nn::Parameter> parameters) {
  std::set<TensorImpl*> seen;
  std::vector<nn::Parameter> distinct;
  for (nn::Parameter& parameter : parameters) {
    check(parameter.tensor != nullptr && *parameter.tensor, "[optimizer] parameter '{}' has no value", parameter.name);
    if (!seen.insert(parameter.tensor->impl()).second) continue;  // tied weights: one tensor, one update
    const Tensor& value = *parameter.tensor;
    check(value.dtype() == DType::kF32 && value.contiguous(), "[optimizer] parameter '{}' is {}; only F32 is trained",
          parameter.name, info(value.dtype()).name);
    distinct.push_back(std::move(parameter));
  }
  return distinct;
}

}  // namespace

OptimizerKind optimizer_named(std::string_view name) {
  for (const auto& [known, kind] : kOptimizerNames)
    if (known == name) return kind;
  fail(ErrorKind::kInvalidArgument, "optimizer '{}' is unknown; there are adamw, adam, sgd and adafactor",
       printable(name));
}

std::string_view optimizer_name(OptimizerKind kind) {
  for (const auto& [name, known] : kOptimizerNames)
    if (known == kind) return name;
  return "";
}

void Optimizer::zero_grad() {
  for (const nn::Parameter& parameter : parameters_) parameter.tensor->clear_grad();
}

void Optimizer::step(float learning_rate, float gradient_scale) {
  ++steps_;
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    const Tensor& value = *parameters_[i].tensor;
    const Tensor gradient = value.grad();
    if (!gradient) continue;
    LINNET_ASSERT(gradient.numel() == value.numel());
    update(i, gradient, learning_rate, gradient_scale);
    value.storage()->changed();
  }
}

void Optimizer::load(const std::map<std::string, Tensor>& state, std::int64_t steps, std::string_view place) {
  restore({state, place});
  steps_ = steps;
}

std::unique_ptr<Optimizer> make_optimizer(std::vector<nn::Parameter> parameters, const OptimizerOptions& options) {
  parameters = checked(std::move(parameters));
  switch (options.kind) {
    case OptimizerKind::kAdamW:
    case OptimizerKind::kAdam:
      return make_adam(std::move(parameters), options);
    case OptimizerKind::kSgd:
      return make_sgd(std::move(parameters), options);
    case OptimizerKind::kAdafactor:
      return make_adafactor(std::move(parameters), options);
  }
  fail(ErrorKind::kInvalidArgument, "[optimizer] unknown kind");
}

namespace {

double squares(const Tensor& parameter) {
  const Tensor gradient = parameter.grad();
  if (!gradient) return 0;
  const auto* values = reinterpret_cast<const float*>(gradient.data_ptr());
  Backend& device = backend(gradient.device());
  const auto& rows = parameter.grad_state()->rows;
  if (!rows) return device.sum_squares(values, gradient.numel());
  double sum = 0;
  const std::int64_t cols = gradient.numel() / gradient.size(0);
  for (const std::int32_t row : *rows) sum += device.sum_squares(values + row * cols, cols);
  return sum;
}

}  // namespace

double gradient_norm(const std::vector<nn::Parameter>& parameters) {
  double sum = 0;
  std::set<TensorImpl*> seen;
  for (const nn::Parameter& parameter : parameters) {
    if (!seen.insert(parameter.tensor->impl()).second) continue;
    sum += squares(*parameter.tensor);
  }
  return std::sqrt(sum);
}

float clip_scale(double norm, double most) {
  if (most <= 0) return 1;
  return static_cast<float>(std::min(1.0, most / (norm + 1e-6)));
}

}  // namespace linnet
