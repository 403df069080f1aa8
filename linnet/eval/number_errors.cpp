#include "linnet/eval/number_errors.h"

#include <cmath>

#include "linnet/base/error.h"

namespace linnet {

void NumberErrors::add(std::span<const float> predicted, std::span<const float> expected) {
  LINNET_ASSERT(predicted.size() == expected.size());
  for (std::size_t i = 0; i < predicted.size(); ++i) {
    const double difference = static_cast<double>(predicted[i]) - expected[i];
    squared_ += difference * difference / static_cast<double>(predicted.size());
    absolute_ += std::abs(difference) / static_cast<double>(predicted.size());
  }
  ++rows_;
}

double NumberErrors::mean_squared() const { return rows_ == 0 ? 0 : squared_ / static_cast<double>(rows_); }
double NumberErrors::mean_absolute() const { return rows_ == 0 ? 0 : absolute_ / static_cast<double>(rows_); }

}  // namespace linnet
