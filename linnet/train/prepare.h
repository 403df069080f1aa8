// Load options of a run, derived from the model's configuration and the data before weights are read.
//
//   const PretrainedFiles files = pretrained_files(path);
//   models::LoadOptions load = prepare(files.config(), splits, options);  // sets options.task, .problem and labels
//   Loaded loaded = load_pretrained(files, load);
#pragma once

#include "linnet/data/dataset.h"
#include "linnet/models/loader.h"
#include "linnet/train/options.h"

namespace linnet {

// Sets task and problem type, maps the data's labels to the ids of the model's head, and returns load options.
// kBadInput if the head has other labels (unless it is replaced) or the rows do not fit the task.
models::LoadOptions prepare(const nn::TransformerConfig& config, DatasetSplits& splits, TrainOptions& options);

// kInvalidArgument for values out of range, with the field's name.
void check_options(const TrainOptions& options);

}  // namespace linnet
