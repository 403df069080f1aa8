// How well a model does on a set of examples, without dropout and without gradients.
//
//   Evaluation valid = evaluate(learner, *objective, cache);
//   valid.metrics["eval_accuracy"], valid.predictions
#pragma once

#include <map>
#include <string>
#include <vector>

#include "linnet/train/feature_cache.h"

namespace linnet {

struct Evaluation {
  std::map<std::string, double> metrics;  // "eval_loss", "eval_accuracy", …
  std::vector<Prediction> predictions;    // single-label classification
};

// `cache`: of this objective's set, or null.
Evaluation evaluate(const Learner& learner, const Objective& objective, const FeatureCache* cache = nullptr);

// [expected][predicted] counts.
std::vector<std::vector<std::int64_t>> confusion_matrix(const std::vector<Prediction>& predictions, std::size_t labels);

}  // namespace linnet
