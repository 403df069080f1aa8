// Metrics of predicted numbers, with scikit-learn's and SciPy's definitions.
//
//   NumberMetrics m = number_metrics(expected, predicted);   // m.mse, m.mae, m.r2, m.pearson, m.spearman
#pragma once

#include <span>

namespace linnet {

struct NumberMetrics {
  double mse = 0, mae = 0;
  double r2 = 0;  // of equal expected numbers: 1 if all are predicted, else 0, as in scikit-learn
  double pearson = 0, spearman = 0;
};

// NaN: undefined (no rows; fewer than two for r2 and the correlations; a constant for a correlation).
NumberMetrics number_metrics(std::span<const double> expected, std::span<const double> predicted);

}  // namespace linnet
