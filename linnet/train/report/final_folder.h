// Writes the results of a finished run: the model or adapter, its tokenizer, a card and a report.
#pragma once

#include <filesystem>

#include "linnet/data/dataset.h"
#include "linnet/train/loop/evaluation.h"
#include "linnet/train/loop/plan.h"
#include "linnet/train/report/history.h"

namespace linnet {

// The rows of a classifier's evaluation.
struct JudgedRows {
  const char* name;  // "validation rows"
  const Dataset& rows;
  const EncodedSet& set;  // has the row of each example
  const std::vector<Prediction>& predictions;
};

struct FinishedRun {
  const Learner& learner;
  const TrainOptions& options;
  const TrainPlan& plan;
  const History& history;
  const std::map<std::string, double>& metrics;
  const JudgedRows* judged;  // null: none
  const std::vector<std::vector<std::string>>& nearest_tokens;
};

// Writes files to a temporary folder and moves each into place, those that make the folder a model last.
void write_final_folder(const FinishedRun& run);

// The licence in the front matter of a model folder's README.md or in a GGUF file, or "".
std::string stated_licence(const models::ModelFiles& files);
// The public name of a model: org/name in the Hugging Face cache, else the name of its folder or file.
std::string public_name(const std::filesystem::path& model);

}  // namespace linnet
