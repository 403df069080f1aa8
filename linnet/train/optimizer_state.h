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
  return options.decay == DecayRule::kAll || parameter.tensor->rank() > 1;
}

// The tensor saved as `name`, copied (a file's mapping stays untouched); undefined when absent. Checks the shape.
Tensor restored(const std::map<std::string, Tensor>& state, const std::string& name, const Shape& shape);
// Fails when `state` has a name that no parameter and slot asked for.
void refuse_unknown(const std::map<std::string, Tensor>& state, const std::vector<nn::Parameter>& parameters,
                    const std::vector<std::string>& slots);

}  // namespace linnet
