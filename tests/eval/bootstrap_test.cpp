#include "linnet/eval/bootstrap.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "linnet/base/rng.h"
#include "linnet/eval/comparison.h"
#include "tests/eval/simulated_classifier.h"

namespace linnet {
namespace {

// scipy.stats.bootstrap((values,), numpy.mean, n_resamples=40000, method=…): the values repeat up to the noise of the
// resamples.
TEST(Bootstrap, IntervalsOfAMeanAreScipys) {
  const std::vector<double> values{1, 2, 3, 4, 5, 5, 6, 7, 7, 12};
  const auto mean = [&](std::span<const std::uint32_t> counts) {
    double sum = 0;
    for (std::size_t i = 0; i < values.size(); ++i) sum += counts[i] * values[i];
    return std::vector<double>{sum / static_cast<double>(values.size())};
  };
  const auto bca = bootstrap_intervals(10, {.resamples = 20000}, mean).at(0).value();
  const auto percentile =
      bootstrap_intervals(10, {.resamples = 20000, .kind = IntervalKind::kPercentile}, mean).at(0).value();
  EXPECT_NEAR(percentile.low, 3.5, 0.1);
  EXPECT_NEAR(percentile.high, 7.1, 0.1);
  EXPECT_NEAR(bca.low, 3.7, 0.15);
  EXPECT_NEAR(bca.high, 7.4, 0.15);
}

TEST(Bootstrap, EqualResamplesHaveNoInterval) {
  const auto intervals = bootstrap_intervals(20, {.resamples = 100}, [](std::span<const std::uint32_t>) {
    return std::vector<double>{1, std::nan("")};
  });
  EXPECT_FALSE(intervals.at(0).has_value());
  EXPECT_FALSE(intervals.at(1).has_value());
}

TEST(Bootstrap, DependsOnTheSeedOnly) {
  const auto low = [](std::uint64_t seed) {
    return bootstrap_intervals(30, {.resamples = 200, .seed = seed},
                               [](std::span<const std::uint32_t> counts) {
                                 double sum = 0;
                                 for (std::size_t i = 0; i < counts.size(); ++i)
                                   sum += counts[i] * static_cast<double>(i);
                                 return std::vector<double>{sum};
                               })
        .at(0)
        .value()
        .low;
  };
  EXPECT_EQ(low(1), low(1));
  EXPECT_NE(low(1), low(2));
}

// scipy.stats.binomtest(k, n).proportion_ci(method="wilson")
TEST(Bootstrap, WilsonsIntervalIsScipys) {
  EXPECT_NEAR(wilson_interval(0.9, 100).low, 0.8256343384950865, 1e-9);
  EXPECT_NEAR(wilson_interval(0.9, 100).high, 0.9447708629393249, 1e-9);
  EXPECT_NEAR(wilson_interval(1, 20).low, 0.8388748419471806, 1e-9);
  EXPECT_NEAR(wilson_interval(1, 20).high, 1, 1e-12);
}

// scipy.stats.binomtest(k, n, 0.5).pvalue
TEST(Bootstrap, McNemarIsTheExactBinomialTest) {
  EXPECT_NEAR(mcnemar_p(12, 30), 0.007915897334896727, 1e-10);
  EXPECT_NEAR(mcnemar_p(0, 5), 0.0625, 1e-12);
  EXPECT_EQ(mcnemar_p(4, 4), 1);
  EXPECT_EQ(mcnemar_p(0, 0), 1);
}

// statsmodels: multipletests([…], method="holm")
TEST(Bootstrap, HolmsAdjustmentIsStepDown) {
  const std::vector<double> p{0.01, 0.04, 0.03, 0.005};
  const std::vector<double> expected{0.03, 0.06, 0.06, 0.02};
  const std::vector<double> found = holm_adjusted(p);
  for (std::size_t i = 0; i < p.size(); ++i) EXPECT_NEAR(found[i], expected[i], 1e-12);
}

// All 2^6 signs: 0.03125 is the exact two-sided probability of six differences of one sign.
TEST(Bootstrap, PermutationApproachesTheExactProbability) {
  const std::vector<double> a{1, 2, 3, 4, 5, 6}, b{0, 0, 0, 0, 0, 0};
  EXPECT_NEAR(paired_permutation_p(a, b, 40000), 0.03125, 0.005);
  EXPECT_EQ(paired_permutation_p(a, a), 1);
}

// The fraction of intervals of `texts` texts that cover the value of very many texts, for each metric with intervals.
std::map<std::size_t, double> covered(int simulations, std::size_t texts, std::size_t resamples) {
  Rng many(1, 0);
  const std::vector<double> truth = ClassMetrics(test::simulated_answers(300'000, many), 0.1).values();
  std::map<std::size_t, double> covered;
  for (int s = 0; s < simulations; ++s) {
    Rng rng(2, static_cast<std::uint64_t>(s));
    const Comparison comparison({{"", ClassMetrics(test::simulated_answers(texts, rng), 0.1)}},
                                {.resamples = resamples, .seed = static_cast<std::uint64_t>(s)});
    const auto& intervals = comparison.intervals().front();
    for (std::size_t v = 0; v < truth.size(); ++v)
      if (const auto& found = intervals[v])
        covered[v] += (found->low <= truth[v] && truth[v] <= found->high ? 1.0 : 0.0) / simulations;
  }
  return covered;
}

TEST(Bootstrap, IntervalsCoverTheTruth) {
  const auto fractions = covered(150, 150, 200);
  EXPECT_EQ(fractions.count(kEce), 0U) << "its estimate is biased";
  for (const auto& [value, fraction] : fractions) {
    EXPECT_GE(fraction, 0.88) << value;
    EXPECT_LE(fraction, 1.0) << value;
  }
}

TEST(BootstrapSlow, IntervalsCoverTheTruthInTwoThousandSimulations) {
  for (const auto& [value, fraction] : covered(2000, 200, 1000)) {
    EXPECT_GE(fraction, 0.93) << value;
    EXPECT_LE(fraction, 0.97) << value;
  }
}

// Systems of equal accuracy, whose answers agree more than by chance: how often is any p of the table below 0.05?
double false_alarms(int simulations, std::size_t systems, std::size_t texts) {
  int alarms = 0;
  for (int s = 0; s < simulations; ++s) {
    Rng rng(3, static_cast<std::uint64_t>(s));
    std::vector<JudgedClasses> judged(systems, JudgedClasses{2});
    for (std::size_t i = 0; i < texts; ++i) {
      const bool easy = rng.uniform() < 0.5;
      for (JudgedClasses& j : judged) {
        j.expected.push_back(0);
        j.predicted.push_back(rng.uniform() < (easy ? 0.95 : 0.6) ? 0 : 1);
      }
    }
    std::vector<ComparedSystem> compared;
    for (JudgedClasses& j : judged) compared.push_back({"", ClassMetrics(std::move(j))});
    const Comparison comparison(std::move(compared), {.resamples = 2, .kind = IntervalKind::kPercentile});
    for (const double p : comparison.p_vs_best())
      if (p < 0.05) {
        ++alarms;
        break;
      }
  }
  return static_cast<double>(alarms) / simulations;
}

TEST(Bootstrap, EqualSystemsRarelyDiffer) {
  EXPECT_LE(false_alarms(400, 2, 200), 0.08);
  EXPECT_LE(false_alarms(200, 5, 200), 0.09);
}

TEST(BootstrapSlow, EqualSystemsRarelyDifferInTwoThousandSimulations) {
  EXPECT_LE(false_alarms(2000, 2, 400), 0.055);
  EXPECT_LE(false_alarms(2000, 5, 400), 0.055);
}

TEST(BootstrapSlow, PermutationsRarelyDifferForEqualSystems) {
  int alarms = 0;
  for (int s = 0; s < 2000; ++s) {
    Rng rng(4, static_cast<std::uint64_t>(s));
    std::vector<double> a(100), b(100);
    for (std::size_t i = 0; i < a.size(); ++i) {
      const float common = rng.normal();
      a[i] = std::exp(common + rng.normal());
      b[i] = std::exp(common + rng.normal());
    }
    alarms += paired_permutation_p(a, b, 999, static_cast<std::uint64_t>(s)) < 0.05 ? 1 : 0;
  }
  EXPECT_LE(alarms, 110);
  EXPECT_GE(alarms, 60) << "it has power left";
}

}  // namespace
}  // namespace linnet
