#include "linnet/eval/class_metrics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "linnet/base/error.h"

namespace linnet {
namespace {

constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();

double share_of(double part, double all) { return all > 0 ? part / all : 0; }

// Counts of a label in the answers.
struct LabelCounts {
  double hits = 0, expected = 0, predicted = 0;
};

// Matthews' correlation for several classes (Gorodkin, 2004). An answer that is no label is a class of its own.
double mcc_of(const std::vector<LabelCounts>& labels, double without_answer, double texts) {
  double hits = 0, both = 0, expected_squares = 0, predicted_squares = without_answer * without_answer;
  for (const LabelCounts& l : labels) {
    hits += l.hits;
    both += l.expected * l.predicted;
    expected_squares += l.expected * l.expected;
    predicted_squares += l.predicted * l.predicted;
  }
  const double product = (texts * texts - expected_squares) * (texts * texts - predicted_squares);
  return product > 0 ? (hits * texts - both) / std::sqrt(product) : 0;
}

// Bins are open on the left: (0, 1/15], …, as in Guo et al.
std::uint8_t bin_of(double confidence) {
  const double place = std::ceil(confidence * static_cast<double>(kCalibrationBins)) - 1;
  return static_cast<std::uint8_t>(std::clamp(place, 0.0, static_cast<double>(kCalibrationBins - 1)));
}

}  // namespace

std::string_view metric_name(ClassMetric metric) {
  static constexpr std::string_view kNames[] = {"accuracy", "macro_f1", "micro_f1", "mcc",
                                                "ece",      "brier",    "log_loss", "coverage_at_risk"};
  return kNames[metric];
}

double JudgedClasses::confidence(std::size_t text) const {
  if (probabilities.empty() || predicted[text] < 0) return kUndefined;
  return probabilities[text * labels + static_cast<std::size_t>(predicted[text])];
}

ClassMetrics::ClassMetrics(JudgedClasses judged, double risk) : judged_(std::move(judged)), risk_(risk) {
  LINNET_ASSERT(judged_.predicted.size() == texts());
  LINNET_ASSERT(judged_.probabilities.empty() || judged_.probabilities.size() == texts() * judged_.labels);
  if (judged_.probabilities.empty()) return;
  constexpr double kLeast = std::numeric_limits<double>::epsilon();  // scikit-learn clips to it
  for (std::size_t i = 0; i < texts(); ++i) {
    const std::span<const double> p(judged_.probabilities.data() + i * judged_.labels, judged_.labels);
    double squares = 0;
    for (std::size_t l = 0; l < p.size(); ++l) {
      const double difference = p[l] - (static_cast<std::int32_t>(l) == judged_.expected[i] ? 1 : 0);
      squares += difference * difference;
    }
    brier_.push_back(squares);
    const double right = p[static_cast<std::size_t>(judged_.expected[i])];
    log_loss_.push_back(-std::log(std::clamp(right, kLeast, 1 - kLeast)));
    // A text without an answer has no confidence in it.
    confidence_.push_back(judged_.predicted[i] < 0 ? 0 : judged_.confidence(i));
    bin_.push_back(bin_of(confidence_.back()));
  }
  by_confidence_.resize(texts());
  std::iota(by_confidence_.begin(), by_confidence_.end(), std::size_t{0});
  std::stable_sort(by_confidence_.begin(), by_confidence_.end(),
                   [&](std::size_t a, std::size_t b) { return confidence_[a] > confidence_[b]; });
}

std::vector<double> ClassMetrics::values() const { return values(std::vector<std::uint32_t>(texts(), 1)); }

std::vector<double> ClassMetrics::values(std::span<const std::uint32_t> counts) const {
  LINNET_ASSERT(counts.size() == texts());
  std::vector<double> values(kClassMetrics + 2 * judged_.labels, kUndefined);
  if (std::all_of(counts.begin(), counts.end(), [](std::uint32_t count) { return count == 0; })) return values;
  label_metrics(counts, values);
  if (!judged_.probabilities.empty()) probability_metrics(counts, values);
  return values;
}

void ClassMetrics::label_metrics(std::span<const std::uint32_t> counts, std::vector<double>& values) const {
  std::vector<LabelCounts> of(judged_.labels);
  double all = 0, hits = 0, without = 0;
  for (std::size_t i = 0; i < texts(); ++i) {
    const double count = counts[i];
    const auto expected = static_cast<std::size_t>(judged_.expected[i]);
    all += count;
    of[expected].expected += count;
    if (judged_.predicted[i] < 0)
      without += count;
    else
      of[static_cast<std::size_t>(judged_.predicted[i])].predicted += count;
    if (!judged_.right(i)) continue;
    hits += count;
    of[expected].hits += count;
  }
  double f1_sum = 0, occurring = 0;
  for (std::size_t l = 0; l < of.size(); ++l) {
    values[precision_at(l)] = share_of(of[l].hits, of[l].predicted);
    values[recall_at(l)] = share_of(of[l].hits, of[l].expected);
    const double both = of[l].expected + of[l].predicted;
    if (both == 0) continue;
    f1_sum += 2 * of[l].hits / both;
    ++occurring;
  }
  values[kAccuracy] = hits / all;
  values[kMacroF1] = share_of(f1_sum, occurring);
  values[kMicroF1] = share_of(2 * hits, 2 * all - without);
  values[kMcc] = mcc_of(of, without, all);
}

void ClassMetrics::probability_metrics(std::span<const std::uint32_t> counts, std::vector<double>& values) const {
  double all = 0, brier = 0, log_loss = 0;
  std::vector<double> gaps(kCalibrationBins);  // sums of confidence - accuracy
  for (std::size_t i = 0; i < texts(); ++i) {
    const double count = counts[i];
    all += count;
    brier += count * brier_[i];
    log_loss += count * log_loss_[i];
    gaps[bin_[i]] += count * (confidence_[i] - (judged_.right(i) ? 1 : 0));
  }
  values[kBrier] = brier / all;
  values[kLogLoss] = log_loss / all;
  values[kEce] = 0;
  for (const double gap : gaps) values[kEce] += std::abs(gap) / all;
  values[kCoverage] = coverage_at_risk(counts);
}

double ClassMetrics::coverage_at_risk(std::span<const std::uint32_t> counts) const {
  double answered = 0, wrong = 0, best = 0;
  for (std::size_t at = 0; at < texts(); ++at) {
    const std::size_t i = by_confidence_[at];
    answered += counts[i];
    wrong += judged_.right(i) ? 0 : counts[i];
    const bool tied = at + 1 < texts() && confidence_[by_confidence_[at + 1]] == confidence_[i];
    if (!tied && wrong <= risk_ * answered) best = answered;
  }
  const double all = std::accumulate(counts.begin(), counts.end(), 0.0);
  return best / all;
}

std::vector<CalibrationBin> ClassMetrics::calibration_bins() const {
  std::vector<CalibrationBin> bins(kCalibrationBins);
  for (std::size_t i = 0; i < confidence_.size(); ++i) {
    CalibrationBin& bin = bins[bin_[i]];
    ++bin.texts;
    bin.confidence += confidence_[i];
    bin.accuracy += judged_.right(i) ? 1 : 0;
  }
  for (CalibrationBin& bin : bins) {
    if (bin.texts == 0) continue;
    bin.confidence /= static_cast<double>(bin.texts);
    bin.accuracy /= static_cast<double>(bin.texts);
  }
  return bins;
}

std::vector<CoveragePoint> ClassMetrics::coverage_curve() const {
  std::vector<CoveragePoint> curve;
  double wrong = 0;
  for (std::size_t at = 0; at < by_confidence_.size(); ++at) {
    const std::size_t i = by_confidence_[at];
    wrong += judged_.right(i) ? 0 : 1;
    const auto answered = static_cast<double>(at + 1);
    if (at + 1 < texts() && confidence_[by_confidence_[at + 1]] == confidence_[i]) continue;
    curve.push_back({answered / static_cast<double>(texts()), wrong / answered, confidence_[i]});
  }
  return curve;
}

}  // namespace linnet
