#include "linnet/eval/comparison.h"

#include "linnet/base/error.h"

namespace linnet {

Discordant discordant(const JudgedClasses& first, const JudgedClasses& second) {
  LINNET_ASSERT(first.expected == second.expected);
  Discordant count;
  for (std::size_t i = 0; i < first.expected.size(); ++i) {
    count.only_first += first.right(i) && !second.right(i) ? 1 : 0;
    count.only_second += second.right(i) && !first.right(i) ? 1 : 0;
  }
  return count;
}

Comparison::Comparison(std::vector<ComparedSystem> systems, const BootstrapOptions& options)
    : systems_(std::move(systems)) {
  for (const ComparedSystem& system : systems_) {
    const ClassMetrics& metrics = system.metrics;
    values_.push_back(metrics.values());
    intervals_.push_back(
        bootstrap_intervals(metrics.texts(), options, [&](auto counts) { return metrics.values(counts); }));
    const double accuracy = values_.back()[kAccuracy];
    intervals_.back()[kAccuracy] = wilson_interval(accuracy, static_cast<double>(metrics.texts()), options.level);
    intervals_.back()[kEce].reset();
    if (accuracy > values_[best_][kAccuracy]) best_ = values_.size() - 1;
  }
  std::vector<double> p;
  std::vector<std::size_t> of_best(systems_.size());  // places of the pairs with the best one
  for (std::size_t a = 0; a < systems_.size(); ++a)
    for (std::size_t b = a + 1; b < systems_.size(); ++b) {
      if (a == best_ || b == best_) of_best[a == best_ ? b : a] = p.size();
      const Discordant count = discordant(systems_[a].metrics.judged(), systems_[b].metrics.judged());
      p.push_back(mcnemar_p(count.only_first, count.only_second));
    }
  const std::vector<double> adjusted = holm_adjusted(p);
  for (std::size_t s = 0; s < systems_.size(); ++s) p_vs_best_.push_back(s == best_ ? 1 : adjusted[of_best[s]]);
}

}  // namespace linnet
