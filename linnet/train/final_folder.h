// What a finished run leaves for others: the model or adapter, its tokenizer, a card and a report.
#pragma once

#include <filesystem>

#include "linnet/data/dataset.h"
#include "linnet/train/evaluation.h"
#include "linnet/train/history.h"
#include "linnet/train/plan.h"

namespace linnet {

// The rows that a classifier's answers were compared with.
struct JudgedRows {
  const char* name;  // "validation rows"
  const Dataset& rows;
  const EncodedSet& set;  // which row each example comes from
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

// Everything is written beside and moved into place file by file, what makes the folder a model last.
void write_final_folder(const FinishedRun& run);

// The licence that the head of a model folder's README.md or a GGUF file states; "" when it does not.
std::string stated_licence(const std::filesystem::path& model);
// What others know a model by: org/name of one in the Hugging Face cache, else the name of its folder or file.
std::string public_name(const std::filesystem::path& model);

}  // namespace linnet
