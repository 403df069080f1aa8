// Rows that teach nothing: what they should say was cut away, or there never was anything. Their loss is zero, which
// looks like a model that has learned everything.
//
//   check_targets(train_set, "rows.jsonl", options);                       // kBadInput when that is all of them
//   if (auto text = target_warning(valid_set, "valid.jsonl", options)) …   // some of them
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "linnet/train/encode.h"

namespace linnet {

// `options.task` is settled.
std::int64_t rows_without_target(const EncodedSet& set, const TrainOptions& options);
// How many rows teach nothing, why, and what to do; nothing where each has something to say.
std::optional<std::string> target_warning(const EncodedSet& set, const std::string& file, const TrainOptions& options);
void check_targets(const EncodedSet& set, const std::string& file, const TrainOptions& options);

}  // namespace linnet
