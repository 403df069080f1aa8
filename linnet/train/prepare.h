// What a run needs of a model, decided from its configuration and the data before any weight is read.
//
//   TransformerConfig config = models::Model::read_config(path);
//   models::LoadOptions load = prepare(config, splits, options);  // options.task, .problem and labels are settled
//   auto model = models::Model::from_pretrained(path, load);
#pragma once

#include "linnet/data/dataset.h"
#include "linnet/models/model.h"
#include "linnet/train/options.h"

namespace linnet {

// Settles task and problem, gives the labels of the data the ids that the model's head has, and says how to load.
// kBadInput where the head knows other labels (unless it is to be replaced) or the rows do not fit the task.
models::LoadOptions prepare(const nn::TransformerConfig& config, DatasetSplits& splits, TrainOptions& options);

// kInvalidArgument for numbers that make no sense, named as the command line's flags.
void check_options(const TrainOptions& options);

}  // namespace linnet
