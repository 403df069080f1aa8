// A row of a dataset, interpreted by its columns: views of its cells, and JSON values.
//
//   Example example = show_row(record, columns);
//   check_texts(example, columns, "reviews.csv:7");   // throws if a text is missing
//   example.text, example.messages()
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "linnet/base/json.h"
#include "linnet/data/record.h"

namespace linnet {

// The use of a dataset's columns; derived from the column names by default.
enum class DataShape : std::uint8_t {
  kAuto,
  kText,            // text
  kClassification,  // text (and text_pair) with a label
  kCompletion,      // prompt, completion
  kChat,            // messages
  kSeq2Seq,         // text as source, target
  kQuestion,        // question, context, answers (SQuAD)
  kTokens,          // tokens, one tag each
};
std::string_view shape_name(DataShape shape);

struct Columns {
  DataShape shape = DataShape::kText;
  std::string text, text_pair, label;  // "" if absent; text is the source of seq2seq rows
  std::string prompt, completion, target, messages, question, context, answers, tokens, tags;

  bool uses(std::string_view name) const;  // true if the column is one of them
  // True if one column has both texts of a seq2seq row: {"translation": {"en": …, "de": …}}.
  bool both_texts_in_one() const { return shape == DataShape::kSeq2Seq && target.empty(); }
};

struct Answer {
  std::string text;
  std::int64_t start = -1;  // characters (not bytes) into the context; -1: unknown
};

// The views are valid while the dataset (or a copy of it) exists.
struct Example {
  CellText text, text_pair;                                 // classification, text; the source of seq2seq
  std::int32_t label = -1;                                  // index into label_names; -1: none
  std::vector<std::int32_t> labels;                         // multi-label rows
  double value = std::numeric_limits<double>::quiet_NaN();  // regression
  CellText prompt, completion;                              // completion rows
  CellText target;                                          // seq2seq rows
  CellText question, context;                               // question rows
  Cell answer_cell;                                         // question rows: input of answers()
  std::vector<std::int32_t> tags;                           // token rows: a label per token, -1: none
  CellText list;                                            // JSON of chat messages or of the tokens of token rows
  Record row;                                               // all columns of the file, for templates
  std::int64_t line = 0, index = 0;                         // position of the row: Record::line, Record::index

  Json messages() const;                    // chat rows: a list of {"role", "content", …}
  Json tools() const;                       // chat rows; null: none
  std::vector<std::string> tokens() const;  // token rows
  // Question rows; empty: the context does not answer the question. kBadInput naming `place` for another value, which
  // no row of a dataset has.
  std::vector<Answer> answers(std::string_view place = "answers") const;
};

// Interprets a row by the columns, without labels. Missing texts are empty.
Example show_row(const Record& row, const Columns& columns);

// kBadInput naming `place` if a row lacks a text of its shape.
void check_texts(const Example& example, const Columns& columns, std::string_view place);

// The two texts of a row that has both in one column.
std::pair<std::string, std::string> both_texts(const Record& row, const Columns& columns, std::string_view place);

}  // namespace linnet
