// Metrics of a classifier over judged texts, each a plain number, with scikit-learn's names and formulas.
//
//   ClassMetrics metrics({.labels = 2, .expected = {0, 1}, .predicted = {0, 0}, .probabilities = {.9, .1, .6, .4}});
//   metrics.values()[kAccuracy];                        // 0.5
//   metrics.values(counts)                              // of a resampled set: how often each text is in it
//
// Sources: accuracy, F1, precision, recall, MCC, log loss: scikit-learn with zero_division=0; Brier score: the sum over
// the labels (Brier, 1950; scikit-learn with scale_by_half=False, lm-evaluation-harness); expected calibration error:
// 15 bins of equal width (Guo et al., 2017); coverage at a risk: El-Yaniv and Wiener, 2010.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace linnet {

// The answers to `expected.size()` texts.
struct JudgedClasses {
  std::size_t labels = 0;
  std::vector<std::int32_t> expected = {};
  std::vector<std::int32_t> predicted = {};  // -1: no label
  std::vector<double> probabilities = {};    // [texts, labels]; empty: the classifier has none

  double confidence(std::size_t text) const;  // probability of the predicted label; NaN without
  bool right(std::size_t text) const { return expected[text] == predicted[text]; }
};

enum ClassMetric : std::uint8_t {
  kAccuracy,
  kMacroF1,
  kMicroF1,
  kMcc,
  kEce,
  kBrier,
  kLogLoss,
  kCoverage,
  kClassMetrics
};
// "accuracy", "macro_f1", …, as in JSON.
std::string_view metric_name(ClassMetric metric);

struct CalibrationBin {
  double confidence = 0, accuracy = 0;  // means of its texts
  std::int64_t texts = 0;
};
inline constexpr std::size_t kCalibrationBins = 15;

// A point of the coverage-risk curve: the texts with the highest confidence, and the fraction of wrong ones in them.
struct CoveragePoint {
  double coverage, risk, confidence;
};

class ClassMetrics {
 public:
  // `risk`: of kCoverage, the largest fraction of the texts whose answers are wrong at most this often, if the least
  // confident ones are left out.
  explicit ClassMetrics(JudgedClasses judged, double risk = 0.05);

  const JudgedClasses& judged() const { return judged_; }
  std::size_t texts() const { return judged_.expected.size(); }
  // Every ClassMetric, then precision and recall of every label. NaN: undefined (no probabilities, no texts).
  std::vector<double> values() const;
  std::vector<double> values(std::span<const std::uint32_t> counts) const;
  static std::size_t precision_at(std::size_t label) { return kClassMetrics + 2 * label; }
  static std::size_t recall_at(std::size_t label) { return precision_at(label) + 1; }

  std::vector<CalibrationBin> calibration_bins() const;  // kCalibrationBins, some without texts
  std::vector<CoveragePoint> coverage_curve() const;     // by rising coverage; texts of equal confidence are together

 private:
  void label_metrics(std::span<const std::uint32_t> counts, std::vector<double>& values) const;
  void probability_metrics(std::span<const std::uint32_t> counts, std::vector<double>& values) const;
  double coverage_at_risk(std::span<const std::uint32_t> counts) const;

  JudgedClasses judged_;
  double risk_;
  std::vector<double> confidence_, brier_, log_loss_;  // of each text
  std::vector<std::uint8_t> bin_;
  std::vector<std::size_t> by_confidence_;  // falling
};

}  // namespace linnet
