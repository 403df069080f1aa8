// The optimisers behind make_optimizer, and how their state is named: "<slot>.<parameter>".
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "linnet/train/optimizer.h"

namespace linnet {

std::unique_ptr<Optimizer> make_adam(std::vector<nn::Parameter> parameters, const OptimizerOptions& options);
std::unique_ptr<Optimizer> make_sgd(std::vector<nn::Parameter> parameters, const OptimizerOptions& options);
std::unique_ptr<Optimizer> make_adafactor(std::vector<nn::Parameter> parameters, const OptimizerOptions& options);

inline bool decays(const nn::Parameter& parameter, const OptimizerOptions& options) {
  return options.decay == DecayRule::kAll || (parameter.part == nn::Part::kWeight && !nn::is_norm(parameter.role));
}

// Tensors of a state, and the file that they are from.
struct SavedTensors {
  const std::map<std::string, Tensor>& tensors;
  std::string_view place;
};

enum class Sign : std::uint8_t { kAny, kNotNegative };  // of a slot's numbers: sums of squares are not negative

// The tensor of this name and type; kBadInput where it is absent or of another one.
const Tensor& saved_tensor(const SavedTensors& saved, const std::string& name, DType dtype);
// The f32 tensor saved as `name`, copied: a file's mapping stays untouched. Its shape and every number are checked.
Tensor restored(const SavedTensors& saved, const std::string& name, const Shape& shape, Sign sign);
// Fails when there is a name that no parameter and slot asked for.
void refuse_unknown(const SavedTensors& saved, const std::vector<nn::Parameter>& parameters,
                    const std::vector<std::string>& slots);

}  // namespace linnet
