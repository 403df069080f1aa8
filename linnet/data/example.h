// A row of a dataset as its columns show it: views of its cells, and what they hold as JSON.
//
//   Example example = show_row(record, columns);
//   check_texts(example, columns, "reviews.csv:7");   // throws where a text is missing
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

// What the columns of a dataset are for; found from the column names where not asked for.
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
  std::string text, text_pair, label;  // "" where there is none; text holds the source of seq2seq rows
  std::string prompt, completion, target, messages, question, context, answers, tokens, tags;

  bool uses(std::string_view name) const;  // the column is one of them
  // One column holds both texts of a seq2seq row: {"translation": {"en": …, "de": …}}.
  bool both_texts_in_one() const { return shape == DataShape::kSeq2Seq && target.empty(); }
};

struct Answer {
  std::string text;
  std::int64_t start = -1;  // characters (not bytes) into the context; -1: not given
};

// The views are good as long as the dataset (or a copy of it) lives.
struct Example {
  CellText text, text_pair;                                 // classification, text; the source of seq2seq
  std::int32_t label = -1;                                  // index into label_names; -1: the row has none
  std::vector<std::int32_t> labels;                         // multi-label rows
  double value = std::numeric_limits<double>::quiet_NaN();  // regression
  CellText prompt, completion;                              // completion rows
  CellText target;                                          // seq2seq rows
  CellText question, context;                               // question rows
  Cell answer_cell;                                         // question rows: what answers() reads
  std::vector<std::int32_t> tags;                           // token rows: a label per token, -1: none
  CellText list;                                            // the JSON of chat rows' turns and of token rows' tokens
  Record row;                                               // all columns as they are in the file, for templates
  std::int64_t line = 0, index = 0;                         // where the row is: Record::line, Record::index

  Json messages() const;                    // chat rows: a list of {"role", "content", …}
  Json tools() const;                       // chat rows; null: none
  std::vector<std::string> tokens() const;  // token rows
  // Question rows; none: the question has no answer in the context. kBadInput naming `place` where the cell holds
  // something else, which no row of a dataset does.
  std::vector<Answer> answers(std::string_view place = "answers") const;
};

// What the columns make of a row; labels are not read. Texts that the row does not have are empty.
Example show_row(const Record& row, const Columns& columns);

// kBadInput naming `place` where a row lacks what its shape needs.
void check_texts(const Example& example, const Columns& columns, std::string_view place);

// The two texts of a row whose columns hold both in one.
std::pair<std::string, std::string> both_texts(const Record& row, const Columns& columns, std::string_view place);

}  // namespace linnet
