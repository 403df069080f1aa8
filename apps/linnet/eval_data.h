// The rows that `linnet eval` judges, and the training rows beside them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "eval_options.h"
#include "linnet/data/dataset.h"
#include "linnet/eval/class_metrics.h"
#include "linnet/prompt/exemplars.h"
#include "linnet/tasks/classify.h"

namespace linnet::app {

struct EvalData {
  Dataset judged;
  std::vector<Exemplar> training = {};  // without the texts that are judged
  std::size_t left_out = 0;             // training rows with a text that is judged

  const std::vector<std::string>& labels() const { return judged.label_names; }
  std::vector<std::int32_t> expected() const;
  std::vector<tasks::TextInput> inputs(bool columns) const;  // `columns`: for the slots of a template
};

// A folder: its test rows, else the validation rows, and its training rows. A file: all of its rows, and those of
// --examples. kBadInput if a row has no label, or if the labels are not classes.
EvalData read_eval_data(const Command& command, const EvalArguments& arguments);

}  // namespace linnet::app
