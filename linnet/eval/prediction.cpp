#include "linnet/eval/prediction.h"

#include <algorithm>
#include <cmath>

namespace linnet {

Prediction predict(std::span<const float> scores, std::int64_t example, std::int32_t expected) {
  const auto best = std::max_element(scores.begin(), scores.end());
  double denominator = 0;
  for (const float s : scores) denominator += std::exp(static_cast<double>(s - *best));
  return {example, expected, static_cast<std::int32_t>(best - scores.begin()), 1 / denominator};
}

}  // namespace linnet
