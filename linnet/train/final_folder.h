// What a finished run leaves for others: the model or adapter, its tokenizer, a card and a report.
#pragma once

#include <filesystem>

#include "linnet/data/dataset.h"
#include "linnet/train/evaluation.h"
#include "linnet/train/history.h"
#include "linnet/train/plan.h"

namespace linnet {

struct FinishedRun {
  const Learner& learner;
  const TrainOptions& options;
  const TrainPlan& plan;
  const History& history;
  const std::map<std::string, double>& metrics;
  const Dataset* valid;         // the rows `predictions` speak of, or null
  const EncodedSet* valid_set;  // which row each example comes from
  const std::vector<Prediction>& predictions;
  const std::vector<std::vector<std::string>>& nearest_tokens;
};

// Everything is written beside and moved into place file by file, what makes the folder a model last.
void write_final_folder(const FinishedRun& run);

// The licence that a model folder's README.md states in its head; "" when it does not.
std::string stated_licence(const std::filesystem::path& model);

}  // namespace linnet
