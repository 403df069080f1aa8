// Texts with three labels and a classifier that is right for some of them, drawn from a known distribution: its metrics
// over very many texts are the truth that intervals of few texts have to cover.
#pragma once

#include <algorithm>
#include <cmath>

#include "linnet/base/rng.h"
#include "linnet/eval/class_metrics.h"

namespace linnet::test {

inline JudgedClasses simulated_answers(std::size_t texts, Rng& rng) {
  constexpr double kFraction[] = {0.5, 0.8, 1.0};  // cumulative, of the labels
  constexpr double kSignal = 1.5, kOverconfidence = 1.6;
  JudgedClasses judged{3};
  for (std::size_t i = 0; i < texts; ++i) {
    const double at = rng.uniform();
    const auto expected = static_cast<std::int32_t>(std::upper_bound(kFraction, kFraction + 2, at) - kFraction);
    double scores[3], sum = 0;
    for (std::int32_t l = 0; l < 3; ++l) scores[l] = rng.normal() + (l == expected ? kSignal : 0);
    judged.expected.push_back(expected);
    judged.predicted.push_back(static_cast<std::int32_t>(std::max_element(scores, scores + 3) - scores));
    for (double& s : scores) sum += s = std::exp(kOverconfidence * s);
    for (const double s : scores) judged.probabilities.push_back(s / sum);
  }
  return judged;
}

}  // namespace linnet::test
