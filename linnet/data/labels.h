// Labels of a dataset: names or numbers in the file, ids in memory. Their meaning is decided once from all rows and
// described in Dataset::label_meaning; an ambiguous file is rejected.
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

// More classes than this are an error, as in config.json.
inline constexpr std::size_t kMaxLabels = 65'536;

void read_labels(Dataset& data, std::size_t column, const ReadOptions& options);
// Reads a list of tags per row, one per token.
void read_tags(Dataset& data, std::size_t column, const ReadOptions& options);

// The number of a cell, for regression.
std::optional<double> label_value(const Cell& cell);

// The index of each of `labels` in `known`, or -1. Numbers are ids if all of `labels` are integers in range and none of
// `known` looks like a number: [0, 1] in [negative, positive], but not in [1, 2, 3].
std::vector<std::int32_t> match_labels(const std::vector<std::string>& labels, const std::vector<std::string>& known,
                                       LabelNumbers numbers = LabelNumbers::kMayBeIds);

}  // namespace linnet
