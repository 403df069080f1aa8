// Finds rows without a target: it was truncated, or there was none. Their loss is zero, which looks like a perfect
// model.
//
//   check_targets(train_set, "rows.jsonl", options);                       // kBadInput if all rows are like that
//   if (auto text = target_warning(valid_set, "valid.jsonl", options)) …   // some of them
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "linnet/train/encode/encode.h"

namespace linnet {

// `options.task` is set.
std::int64_t rows_without_target(const EncodedSet& set, const TrainOptions& options);
// A warning with the number of rows without a target, the reason and advice; empty if there is none.
std::optional<std::string> target_warning(const EncodedSet& set, const std::string& file, const TrainOptions& options);
void check_targets(const EncodedSet& set, const std::string& file, const TrainOptions& options);

}  // namespace linnet
