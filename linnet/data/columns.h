// Which column is what: the names people use (conventions 4.9) and the shapes they make.
//
//   Columns columns = find_columns(first_row, options, "reviews.csv:1");
//   columns.shape, columns.text, columns.label
#pragma once

#include <string>
#include <string_view>

#include "linnet/base/json.h"
#include "linnet/data/dataset.h"

namespace linnet {

struct Columns {
  DataShape shape = DataShape::kText;
  std::string text, text_pair, label;  // "" where there is none; text holds the source of seq2seq rows
  std::string prompt, completion, target, messages, question, context, answers, tokens, tags;
  bool translation = false;  // the column `text` holds {"en": …, "de": …}
};

// From the column names of a row. Throws kBadInput naming `place`, what was found and what was looked for.
Columns find_columns(const Json& row, const ReadOptions& options, std::string_view place);

}  // namespace linnet
