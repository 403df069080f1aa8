// Output of a frozen base model for every example, computed once: an epoch of head training then takes milliseconds.
//
//   FeatureCache cache(learner, objective);      // one forward pass over the set, without dropout
//   TrainBatch batch = objective.batch(rows, key);
//   Tensor hidden = cache.rows_of(batch);        // the pooled row of each sequence
#pragma once

#include <functional>

#include "linnet/data/sampler.h"
#include "linnet/train/loop/learner.h"

namespace linnet {

class FeatureCache {
 public:
  using Progress = std::function<void(std::int64_t done, std::int64_t total)>;
  FeatureCache(const Learner& learner, const Objective& objective, const Progress& progress = {});

  // True if the loss of every example depends on one row of a frozen base model.
  static bool fits(const TrainOptions& options, const Objective& objective);
  // Batches of the pass through the base model.
  static SamplerOptions passes();
  // The pooled rows [examples, hidden], in the batch's order.
  Tensor rows_of(const TrainBatch& batch) const;

 private:
  Tensor rows_;  // [examples of the set, hidden]
};

}  // namespace linnet
