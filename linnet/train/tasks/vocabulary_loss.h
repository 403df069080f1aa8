// The loss over the vocabulary; the output matrix is applied only to rows with a target.
#pragma once

#include <cstdint>
#include <vector>

#include "linnet/train/tasks/objective.h"

namespace linnet {

// The number of targets; a negative value is none.
double count_targets(const std::vector<std::int32_t>& targets);
// The sum of the cross-entropies, divided by `count`.
Tensor vocabulary_loss(const models::Model& model, const Tensor& hidden, const std::vector<std::int32_t>& targets,
                       double count);
void judge_vocabulary(const models::Model& model, const Tensor& hidden, const TrainBatch& batch, Judged& sums);

}  // namespace linnet
