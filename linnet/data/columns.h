// Which column is what: the names people use (conventions 4.9) and the shapes they make.
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

// From the column names of all rows. Throws kBadInput naming `place`, what was found and what was looked for.
Columns find_columns(const std::vector<std::string>& names, const ReadOptions& options, std::string_view place);

// One of the names that are looked for where nothing was asked for.
bool known_column(std::string_view name);

// A column that is not used and looks as labels do: few short values that come again and again. "" where there is none.
// Rows of plain text with such a column were most likely meant to be learned as classes.
std::string label_like_column(const Dataset& data);

}  // namespace linnet
