// The optimisers of make_optimizer, and helpers for their state, whose names are "<slot>.<parameter>".
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "linnet/train/optimizer/optimizer.h"

namespace linnet {

std::unique_ptr<Optimizer> make_adam(std::vector<nn::Parameter> parameters, const OptimizerOptions& options);
std::unique_ptr<Optimizer> make_sgd(std::vector<nn::Parameter> parameters, const OptimizerOptions& options);
std::unique_ptr<Optimizer> make_adafactor(std::vector<nn::Parameter> parameters, const OptimizerOptions& options);

inline bool decays(const nn::Parameter& parameter, const OptimizerOptions& options) {
  return options.decay == DecayRule::kAll || (parameter.part == nn::Part::kWeight && !nn::is_norm(parameter.role));
}

// Tensors of a state and their file.
struct SavedTensors {
  const std::map<std::string, Tensor>& tensors;
  std::string_view place;
};

enum class Sign : std::uint8_t { kAny, kNotNegative };  // of a slot's values: sums of squares are not negative

// The tensor with this name and type; kBadInput if it is absent or has another type.
const Tensor& saved_tensor(const SavedTensors& saved, const std::string& name, DType dtype);
// A copy of the f32 tensor `name` on `device`, so that the file's mapping is not modified. Checks its shape and every
// value.
Tensor restored(const SavedTensors& saved, const std::string& name, const Shape& shape, Sign sign, Device device);

// f32 addresses for the kernels; null if undefined.
inline float* address(const Tensor& t) {
  if (!t) return nullptr;
  require_values(t, DType::kF32);
  return reinterpret_cast<float*>(t.data_ptr());
}
inline Tensor zeros_like(const Tensor& t) { return Tensor::zeros(t.shape(), DType::kF32, t.device()); }
// kBadInput for a name without a parameter and slot.
void refuse_unknown(const SavedTensors& saved, const std::vector<nn::Parameter>& parameters,
                    const std::vector<std::string>& slots);

}  // namespace linnet
