// Labels of a dataset: names or numbers in the file, ids in memory. What they mean is decided once, from all rows, and
// said in Dataset::label_meaning; where it cannot be told without losing something, the file is refused.
//
//   read_labels(data, column, options);   // fills label_kind, label_names and every example's label or labels
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "linnet/base/json.h"
#include "linnet/data/dataset.h"

namespace linnet {

// More classes than this are refused, as in config.json.
inline constexpr std::size_t kMaxLabels = 65'536;

void read_labels(Dataset& data, std::size_t column, const ReadOptions& options);
// A list of tags per row, as many as the row has tokens.
void read_tags(Dataset& data, std::size_t column, const ReadOptions& options);

// The number to regress that a cell holds.
std::optional<double> label_value(const Cell& cell);

// Where each of `labels` is among `known`, -1 where it is not. Numbers are ids where all of `labels` are integers in
// range and none of `known` looks like a number: [0, 1] among [negative, positive], but not among [1, 2, 3].
std::vector<std::int32_t> match_labels(const std::vector<std::string>& labels, const std::vector<std::string>& known,
                                       LabelNumbers numbers = LabelNumbers::kMayBeIds);

}  // namespace linnet
