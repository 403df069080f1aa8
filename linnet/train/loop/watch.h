// Checks every step for common mistakes, also those of the article (docs/article.md).
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

// Warnings about the options ("a learning rate of 0.001 on all weights …").
std::vector<std::string> option_warnings(const TrainOptions& options);

class LossWatch {
 public:
  // `guessing`: the loss of chance, or 0 if unknown.
  LossWatch(double guessing, std::int64_t steps_an_epoch);
  // Returns a warning, once, if the mean loss of many steps is no better than chance.
  std::optional<std::string> see(double loss);
  // The same for a shorter run, by its second half, unless its best accuracy on that many validation rows is better:
  // the loss may fall late although the labels are already correct.
  std::optional<std::string> at_end(double accuracy = 0, std::int64_t rows = 0) const;

 private:
  double guessing_;
  std::size_t window_;
  std::vector<double> losses_;  // of the window that is not full yet
  bool judged_ = false;         // a window was full
  bool warned_ = false;
};

// "gradient of layers.3.ffn.up.weight", "weight of …": the first one that is not finite, or "".
std::string first_not_finite(const std::vector<nn::Parameter>& parameters);

}  // namespace linnet
