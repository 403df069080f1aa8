// Evaluates a model on a set of examples, without dropout and gradients.
//
//   Evaluation valid = evaluate(learner, *objective, cache);
//   valid.metrics["eval_accuracy"], valid.predictions
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "linnet/train/loop/feature_cache.h"

namespace linnet {

struct Evaluation {
  std::map<std::string, double> metrics;  // "eval_loss", "eval_accuracy", …
  std::vector<Prediction> predictions;    // single-label classification, of texts or of tokens
};

// `cache`: of this objective's set, or null. `before_batch` may throw to end the evaluation.
Evaluation evaluate(const Learner& learner, const Objective& objective, const FeatureCache* cache = nullptr,
                    const std::function<void()>& before_batch = {});

// True if an evaluation of this objective has a target: rows with a truncated answer and texts without a masked token
// have none. `seed`: that of the run, for the masks.
bool judges_anything(const Objective& objective, std::uint64_t seed);

// The current loss of one batch, 0 if it has no target.
double batch_loss(const Learner& learner, const Objective& objective, const TrainBatch& batch,
                  const FeatureCache* cache = nullptr);

}  // namespace linnet
