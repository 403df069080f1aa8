// Errors of predicted numbers (regression). A row of several numbers counts as their mean.
//
//   NumberErrors errors;
//   errors.add(predicted, expected);           // spans of one row
//   errors.mean_squared(), errors.mean_absolute()
#pragma once

#include <cstdint>
#include <span>

namespace linnet {

class NumberErrors {
 public:
  void add(std::span<const float> predicted, std::span<const float> expected);
  std::int64_t rows() const { return rows_; }
  double mean_squared() const;  // 0 without rows
  double mean_absolute() const;

 private:
  double squared_ = 0, absolute_ = 0;  // sums over rows
  std::int64_t rows_ = 0;
};

}  // namespace linnet
