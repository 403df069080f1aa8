// Several classifiers on the same texts: metrics with intervals, and whether each differs from the best one.
//
//   Comparison comparison({{.name = "a", .metrics = …}, {.name = "b", .metrics = …}}, {});
//   comparison.best(); comparison.p_vs_best()[1]; comparison.intervals()[1][kMacroF1]
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "linnet/eval/bootstrap.h"
#include "linnet/eval/class_metrics.h"

namespace linnet {

struct ComparedSystem {
  std::string name;
  ClassMetrics metrics;
};

class Comparison {
 public:
  // The systems judged the same texts.
  Comparison(std::vector<ComparedSystem> systems, const BootstrapOptions& options);

  const std::vector<ComparedSystem>& systems() const { return systems_; }
  std::size_t best() const { return best_; }  // by accuracy; the first of equal ones
  // Of each system: ClassMetrics::values, and an interval for each. The accuracy's interval is Wilson's. The
  // calibration error has none: its estimate is above the truth, the more so the fewer texts there are, and so are its
  // resamples.
  const std::vector<std::vector<double>>& values() const { return values_; }
  const std::vector<std::vector<std::optional<Interval>>>& intervals() const { return intervals_; }
  // McNemar's exact test of the accuracy against the best system, with Holm's adjustment over all pairs of systems,
  // since the best one was chosen by the same texts. The best system has 1.
  const std::vector<double>& p_vs_best() const { return p_vs_best_; }

 private:
  std::vector<ComparedSystem> systems_;
  std::size_t best_ = 0;
  std::vector<std::vector<double>> values_;
  std::vector<std::vector<std::optional<Interval>>> intervals_;
  std::vector<double> p_vs_best_;
};

// Texts that only the first, and only the second system has right.
struct Discordant {
  std::int64_t only_first = 0, only_second = 0;
};
Discordant discordant(const JudgedClasses& first, const JudgedClasses& second);

}  // namespace linnet
