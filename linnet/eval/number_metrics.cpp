#include "linnet/eval/number_metrics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "linnet/base/error.h"

namespace linnet {
namespace {

double mean_of(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

bool all_equal(std::span<const double> values) {
  return std::ranges::all_of(values, [&](double v) { return v == values.front(); });
}

double pearson_of(std::span<const double> a, std::span<const double> b) {
  if (a.size() < 2 || all_equal(a) || all_equal(b)) return std::numeric_limits<double>::quiet_NaN();
  const double mean_a = mean_of(a), mean_b = mean_of(b);
  double both = 0, squares_a = 0, squares_b = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    both += (a[i] - mean_a) * (b[i] - mean_b);
    squares_a += (a[i] - mean_a) * (a[i] - mean_a);
    squares_b += (b[i] - mean_b) * (b[i] - mean_b);
  }
  return std::clamp(both / std::sqrt(squares_a) / std::sqrt(squares_b), -1.0, 1.0);
}

// Equal values have the mean of their ranks.
std::vector<double> ranks_of(std::span<const double> values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  std::vector<double> ranks(values.size());
  for (std::size_t begin = 0, end = 0; begin < order.size(); begin = end) {
    while (end < order.size() && values[order[end]] == values[order[begin]]) ++end;
    for (std::size_t i = begin; i < end; ++i) ranks[order[i]] = static_cast<double>(begin + end - 1) / 2;
  }
  return ranks;
}

}  // namespace

NumberMetrics number_metrics(std::span<const double> expected, std::span<const double> predicted) {
  LINNET_ASSERT(expected.size() == predicted.size());
  constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
  const auto rows = static_cast<double>(expected.size());
  if (expected.empty()) return {kUnknown, kUnknown, kUnknown, kUnknown, kUnknown};
  double squares = 0, absolute = 0, spread = 0;
  const double mean = mean_of(expected);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double error = expected[i] - predicted[i];
    squares += error * error;
    absolute += std::abs(error);
    spread += (expected[i] - mean) * (expected[i] - mean);
  }
  NumberMetrics metrics{.mse = squares / rows, .mae = absolute / rows};
  metrics.r2 = spread > 0 && !all_equal(expected) ? 1 - squares / spread : squares == 0 ? 1 : 0;
  if (expected.size() < 2) metrics.r2 = kUnknown;
  metrics.pearson = pearson_of(expected, predicted);
  metrics.spearman = pearson_of(ranks_of(expected), ranks_of(predicted));
  return metrics;
}

}  // namespace linnet
