// Looks at every step for what usually goes wrong, the mistakes of the article among them.
//
//   LossWatch watch(objective->guessing_loss(), steps_an_epoch);
//   if (auto warning = watch.see(loss)) warn("{}", *warning);
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "linnet/nn/module.h"
#include "linnet/train/options.h"

namespace linnet {

// What is already wrong with the options ("--learning-rate 0.001 on all weights …").
std::vector<std::string> option_warnings(const TrainOptions& options);

class LossWatch {
 public:
  // `guessing`: the loss of guessing, 0 where there is none.
  LossWatch(double guessing, std::int64_t steps_an_epoch);
  // A warning, once, when the mean loss of many steps is no better than guessing.
  std::optional<std::string> see(double loss);

 private:
  double guessing_, sum_ = 0;
  std::int64_t window_, seen_ = 0;
  bool warned_ = false;
};

// "gradient of layers.3.ffn.up.weight", "weight of …": the first one that is not finite; "" when all are.
std::string first_not_finite(const std::vector<nn::Parameter>& parameters);

}  // namespace linnet
