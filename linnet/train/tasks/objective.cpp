#include "linnet/train/tasks/objective.h"

namespace linnet {

std::vector<std::int64_t> Objective::lengths() const {
  std::vector<std::int64_t> all;
  all.reserve(set_.examples.size());
  for (const EncodedExample& e : set_.examples)
    all.push_back(static_cast<std::int64_t>(e.ids.size() + e.output.size()));
  return all;
}

TrainBatch Objective::packed(std::span<const std::int64_t> examples) const {
  TrainBatch batch;
  for (const std::int64_t index : examples) {
    const EncodedExample& e = set_.examples[static_cast<std::size_t>(index)];
    batch.packed.add(e.ids, e.type_ids);
    batch.examples.push_back(index);
  }
  return batch;
}

std::map<std::string, double> Objective::metrics(const Judged& sums) const {
  std::map<std::string, double> all;
  for (std::size_t i = 0; i < 2; ++i)
    if (sums.counts[i] > 0) all["eval_loss"] += sums.loss[i] / sums.counts[i];
  if (sums.total > 0) all["eval_accuracy"] = static_cast<double>(sums.correct) / static_cast<double>(sums.total);
  return all;
}

}  // namespace linnet
