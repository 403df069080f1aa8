// Confidence intervals of metrics, and tests of the difference between two systems on the same texts.
//
//   auto intervals = bootstrap_intervals(texts, {.seed = 0}, [&](auto counts) { return metrics.values(counts); });
//   mcnemar_p(/*only the first is right*/ 12, /*only the second*/ 30);         // 0.008
//
// Sources: Efron and Tibshirani, An Introduction to the Bootstrap, 1993 (percentile: chapter 13, BCa: 14); Wilson,
// 1927; McNemar, 1947, with the exact binomial; Holm, 1979.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

namespace linnet {

struct Interval {
  double low, high;
};

// BCa covers the truth as often as it claims also for precision and recall, whose percentile intervals are too short
// (tests/eval/bootstrap_test.cpp).
enum class IntervalKind : std::uint8_t { kPercentile, kBca };

struct BootstrapOptions {
  std::size_t resamples = 2000;
  std::uint64_t seed = 0;
  double level = 0.95;
  IntervalKind kind = IntervalKind::kBca;
};

// Values of metrics over a resampled set of rows, given how often each row is in it. Several threads call it.
using Statistic = std::function<std::vector<double>(std::span<const std::uint32_t> counts)>;

// An interval per value; none if it is undefined, or if the resampled values are all equal: then the rows do not show
// how much it varies.
std::vector<std::optional<Interval>> bootstrap_intervals(std::size_t rows, const BootstrapOptions& options,
                                                         const Statistic& statistic);

// Wilson's interval of a fraction; unlike the bootstrap's it has a width for 0 and 1.
Interval wilson_interval(double fraction, double rows, double level = 0.95);

// McNemar's exact test, two-sided: probability of a difference at least as large if both systems are equally good.
double mcnemar_p(std::int64_t only_first, std::int64_t only_second);

// Permutation test of the mean difference of paired values: signs of the differences are drawn at random.
double paired_permutation_p(std::span<const double> first, std::span<const double> second, std::size_t rounds = 10000,
                            std::uint64_t seed = 0);

// Holm's adjustment: the probability of any false alarm among all tests is at most the level.
std::vector<double> holm_adjusted(std::span<const double> p);

}  // namespace linnet
