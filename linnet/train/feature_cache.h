// What a frozen trunk says of every example, computed once: training a head then costs milliseconds an epoch.
//
//   FeatureCache cache(learner, objective);      // one forward pass over the set, without dropout
//   TrainBatch batch = objective.batch(rows, key);
//   Tensor hidden = cache.rows_of(batch);        // the pooled row of each sequence
#pragma once

#include <functional>

#include "linnet/data/sampler.h"
#include "linnet/train/learner.h"

namespace linnet {

class FeatureCache {
 public:
  using Progress = std::function<void(std::int64_t done, std::int64_t total)>;
  FeatureCache(const Learner& learner, const Objective& objective, const Progress& progress = {});

  // Whether the loss of every example depends on one row of a trunk that stays as it is.
  static bool fits(const TrainOptions& options, const Objective& objective);
  // How many rows go through the trunk at a time.
  static SamplerOptions passes();
  // What pooling took from the last hidden states [examples, hidden], in the batch's order.
  Tensor rows_of(const TrainBatch& batch) const;

 private:
  Tensor rows_;  // [examples of the set, hidden]
};

}  // namespace linnet
