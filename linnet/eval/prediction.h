// The predicted class of an example, or of a token in it.
//
//   Prediction p = predict(scores, example, expected);
//   p.predicted, p.probability
#pragma once

#include <cstdint>
#include <span>

namespace linnet {

struct Prediction {
  std::int64_t example = 0;
  std::int32_t expected = -1, predicted = -1;
  double probability = 0;
  std::int32_t token = -1;  // token of the example; -1: all of it
};

// The most likely class by its logits, and its probability.
Prediction predict(std::span<const float> scores, std::int64_t example, std::int32_t expected);

}  // namespace linnet
