// Finds the role of each column by the usual names and aliases, and the shape of the dataset.
//
//   Columns columns = find_columns({"text", "label"}, options, "reviews.csv:1");
//   columns.shape, columns.text, columns.label
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "linnet/data/dataset.h"
#include "linnet/data/example.h"

namespace linnet {

// Uses the column names of all rows. Throws kBadInput naming `place`, the names found and those expected.
Columns find_columns(const std::vector<std::string>& names, const ReadOptions& options, std::string_view place);

// True for a name that is used by default.
bool known_column(std::string_view name);

// An unused column that looks like labels (few short values that repeat), or "". Rows of plain text with such a column
// were probably meant for classification.
std::string label_like_column(const Dataset& data);

}  // namespace linnet
