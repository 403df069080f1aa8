#include "linnet/eval/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "linnet/base/error.h"
#include "linnet/base/parallel.h"
#include "linnet/base/rng.h"

namespace linnet {
namespace {

double normal_cdf(double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }

// Inverse of normal_cdf by Newton's method on the logarithm, which converges from 0 for any probability.
double normal_quantile(double p) {
  if (p <= 0 || p >= 1) return p <= 0 ? -INFINITY : INFINITY;
  if (p > 0.5) return -normal_quantile(1 - p);
  double x = 0;
  for (int i = 0; i < 100; ++i) {
    const double density = std::exp(-x * x / 2) / std::sqrt(2 * M_PI), cdf = normal_cdf(x);
    const double step = std::log(cdf / p) * cdf / density;
    x -= step;
    if (std::abs(step) < 1e-13 * (1 + std::abs(x))) break;
  }
  return x;
}

// As numpy.quantile: linear between the order statistics.
double quantile_of(const std::vector<double>& sorted, double share) {
  const double place = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (place - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

// How often each row is in a set of as many rows, drawn with replacement.
std::vector<std::uint32_t> resampled_counts(std::size_t rows, Rng rng) {
  std::vector<std::uint32_t> counts(rows, 0);
  for (std::size_t i = 0; i < rows; ++i) ++counts[rng.below(rows)];
  return counts;
}

// The values of the statistic without each of at most kMostGroups groups of rows (the jackknife).
std::vector<std::vector<double>> without_groups(std::size_t rows, const Statistic& statistic) {
  constexpr std::size_t kMostGroups = 200;
  const std::size_t groups = std::min(rows, kMostGroups);
  std::vector<std::vector<double>> values;
  for (std::size_t g = 0; g < groups; ++g) {
    std::vector<std::uint32_t> counts(rows, 1);
    for (std::size_t i = g; i < rows; i += groups) counts[i] = 0;
    values.push_back(statistic(counts));
  }
  return values;
}

double acceleration(const std::vector<std::vector<double>>& without, std::size_t value) {
  double mean = 0, squares = 0, cubes = 0;
  for (const auto& values : without) mean += values[value] / static_cast<double>(without.size());
  for (const auto& values : without) {
    const double difference = mean - values[value];
    squares += difference * difference;
    cubes += difference * difference * difference;
  }
  return squares > 0 && std::isfinite(cubes) ? cubes / (6 * std::pow(squares, 1.5)) : 0;
}

// Shares of the sorted values at which the interval begins and ends.
Interval bca_shares(const std::vector<double>& sorted, double estimate, double a, double level) {
  const auto [first, last] = std::equal_range(sorted.begin(), sorted.end(), estimate);
  const double below = 0.5 * static_cast<double>((first - sorted.begin()) + (last - sorted.begin()));
  const auto count = static_cast<double>(sorted.size());
  const double z0 = normal_quantile(std::clamp(below / count, 0.5 / count, 1 - 0.5 / count));
  const auto share = [&](double z) { return normal_cdf(z0 + (z0 + z) / (1 - a * (z0 + z))); };
  const double z = normal_quantile((1 - level) / 2);
  return {share(z), share(-z)};
}

}  // namespace

std::vector<std::optional<Interval>> bootstrap_intervals(std::size_t rows, const BootstrapOptions& options,
                                                         const Statistic& statistic) {
  LINNET_ASSERT(options.resamples > 1);
  if (rows == 0) return {};
  const std::vector<double> estimates = statistic(std::vector<std::uint32_t>(rows, 1));
  std::vector<std::vector<double>> drawn(options.resamples);
  parallel_for(static_cast<std::int64_t>(options.resamples), 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = begin; r < end; ++r)
      drawn[static_cast<std::size_t>(r)] =
          statistic(resampled_counts(rows, Rng(options.seed, static_cast<std::uint64_t>(r))));
  });
  std::vector<std::vector<double>> without;
  if (options.kind == IntervalKind::kBca) without = without_groups(rows, statistic);
  std::vector<std::optional<Interval>> intervals(estimates.size());
  for (std::size_t v = 0; v < estimates.size(); ++v) {
    std::vector<double> values;
    for (const std::vector<double>& each : drawn)
      if (std::isfinite(each[v])) values.push_back(each[v]);
    std::sort(values.begin(), values.end());
    if (!std::isfinite(estimates[v]) || values.empty() || values.front() == values.back()) continue;
    Interval shares{(1 - options.level) / 2, (1 + options.level) / 2};
    if (options.kind == IntervalKind::kBca)
      shares = bca_shares(values, estimates[v], acceleration(without, v), options.level);
    intervals[v] = {quantile_of(values, shares.low), quantile_of(values, shares.high)};
  }
  return intervals;
}

Interval wilson_interval(double fraction, double rows, double level) {
  const double z = -normal_quantile((1 - level) / 2), scale = 1 + z * z / rows;
  const double centre = (fraction + z * z / (2 * rows)) / scale;
  const double half = z * std::sqrt(fraction * (1 - fraction) / rows + z * z / (4 * rows * rows)) / scale;
  return {std::max(0.0, centre - half), std::min(1.0, centre + half)};
}

double mcnemar_p(std::int64_t only_first, std::int64_t only_second) {
  const std::int64_t all = only_first + only_second, least = std::min(only_first, only_second);
  const auto n = static_cast<double>(all);
  double tail = 0;
  for (std::int64_t k = 0; k <= least; ++k) {
    const auto x = static_cast<double>(k);
    tail += std::exp(std::lgamma(n + 1) - std::lgamma(x + 1) - std::lgamma(n - x + 1) - n * std::log(2.0));
  }
  return std::min(1.0, 2 * tail);
}

double paired_permutation_p(std::span<const double> first, std::span<const double> second, std::size_t rounds,
                            std::uint64_t seed) {
  LINNET_ASSERT(first.size() == second.size());
  std::vector<double> differences;
  double sum = 0;
  for (std::size_t i = 0; i < first.size(); ++i) {
    const double difference = first[i] - second[i];
    sum += difference;
    if (difference != 0) differences.push_back(difference);
  }
  std::size_t as_large = 1;  // the observed signs are one of the draws (Phipson and Smyth, 2010)
  for (std::size_t r = 0; r < rounds; ++r) {
    Rng rng(seed, r);
    double drawn = 0;
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < differences.size(); ++i, bits >>= 1) {
      if (i % 64 == 0) bits = rng.next_u64();
      drawn += (bits & 1) != 0 ? differences[i] : -differences[i];
    }
    as_large += std::abs(drawn) >= std::abs(sum) * (1 - 1e-12) ? 1 : 0;
  }
  return static_cast<double>(as_large) / static_cast<double>(rounds + 1);
}

std::vector<double> holm_adjusted(std::span<const double> p) {
  std::vector<std::size_t> order(p.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return p[a] < p[b]; });
  std::vector<double> adjusted(p.size());
  double largest = 0;
  for (std::size_t rank = 0; rank < order.size(); ++rank) {
    largest = std::max(largest, std::min(1.0, static_cast<double>(p.size() - rank) * p[order[rank]]));
    adjusted[order[rank]] = largest;
  }
  return adjusted;
}

}  // namespace linnet
