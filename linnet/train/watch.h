// Looks at every step for what usually goes wrong, the mistakes of the article among them.
//
//   LossWatch watch(objective->guessing_loss(), steps_an_epoch);
//   if (auto warning = watch.see(loss)) warn("{}", *warning);      // after every step
//   if (auto warning = watch.at_end(accuracy, rows)) warn("{}", *warning);
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "linnet/nn/module.h"
#include "linnet/train/options.h"

namespace linnet {

// What is already wrong with the options ("a learning rate of 0.001 on all weights …").
std::vector<std::string> option_warnings(const TrainOptions& options);

class LossWatch {
 public:
  // `guessing`: the loss of guessing, 0 where there is none.
  LossWatch(double guessing, std::int64_t steps_an_epoch);
  // A warning, once, when the mean loss of many steps is no better than guessing.
  std::optional<std::string> see(double loss);
  // The same of a run that was too short for that, by its second half, unless its best accuracy on so many validation
  // rows says otherwise: a loss may fall late when the labels are right already.
  std::optional<std::string> at_end(double accuracy = 0, std::int64_t rows = 0) const;

 private:
  double guessing_;
  std::size_t window_;
  std::vector<double> losses_;  // of the window that is not full yet
  bool judged_ = false;         // a window has been full
  bool warned_ = false;
};

// "gradient of layers.3.ffn.up.weight", "weight of …": the first one that is not finite; "" when all are.
std::string first_not_finite(const std::vector<nn::Parameter>& parameters);

}  // namespace linnet
