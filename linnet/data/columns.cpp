#include "linnet/data/columns.h"

#include <initializer_list>
#include <utility>
#include <vector>

#include "linnet/base/error.h"

namespace linnet {
namespace {

using Names = std::initializer_list<const char*>;
constexpr Names kText = {"text",      "sentence", "content", "premise", "sentence1",
                         "question1", "review",   "code",    "prompt"};
constexpr Names kPair = {"text_pair", "hypothesis", "sentence2", "question2"};
constexpr Names kLabel = {"label", "labels", "class", "category", "gold_label"};
constexpr Names kPrompt = {"prompt", "instruction"};
constexpr Names kCompletion = {"completion", "response"};
constexpr Names kMessages = {"messages", "conversations"};
constexpr Names kTokens = {"tokens", "words"};
constexpr Names kTags = {"tags", "ner_tags", "ner", "pos_tags", "pos", "labels"};
constexpr std::pair<const char*, const char*> kSequences[] = {{"source", "target"},
                                                              {"input", "output"},
                                                              {"document", "summary"},
                                                              {"article", "highlights"},
                                                              {"article", "summary"}};

// The first of `names` that the row has, else "".
std::string first_of(const Json& row, Names names) {
  for (const char* name : names)
    if (row.contains(name)) return name;
  return "";
}

std::string chosen(const Json& row, const std::string& asked, Names names, std::string_view what,
                   std::string_view place) {
  if (asked.empty()) return first_of(row, names);
  if (row.contains(asked)) return asked;
  std::string found;
  for (const auto& [name, value] : row.items()) found += (found.empty() ? "" : ", ") + name;
  fail(ErrorKind::kBadInput, "{}: there is no {} column '{}'; there are: {}", place, what, printable(asked, 60),
       printable(found));
}

bool fill_sequences(Columns& columns, const Json& row) {
  if (row.contains("translation") && row.at("translation").is_object()) {
    columns.text = "translation";
    columns.translation = true;
    return true;
  }
  for (const auto& [source, target] : kSequences) {
    if (!row.contains(source) || !row.contains(target)) continue;
    columns.text = source;
    columns.target = target;
    return true;
  }
  return false;
}

// Fills what `shape` needs; false where the row lacks it.
bool fill(Columns& columns, DataShape shape, const Json& row) {
  columns.shape = shape;
  switch (shape) {
    case DataShape::kChat:
      columns.messages = first_of(row, kMessages);
      return !columns.messages.empty();
    case DataShape::kCompletion:
      columns.prompt = first_of(row, kPrompt);
      columns.completion = first_of(row, kCompletion);
      return !columns.prompt.empty() && !columns.completion.empty();
    case DataShape::kQuestion:
      columns.question = first_of(row, {"question"});
      columns.context = first_of(row, {"context"});
      columns.answers = first_of(row, {"answers", "answer"});
      return !columns.question.empty() && !columns.context.empty();
    case DataShape::kTokens:
      columns.tokens = first_of(row, kTokens);
      columns.tags = first_of(row, kTags);
      return !columns.tokens.empty() && !columns.tags.empty();
    case DataShape::kSeq2Seq:
      return fill_sequences(columns, row);
    case DataShape::kClassification:
      return !columns.text.empty() && !columns.label.empty();
    default:
      return !columns.text.empty();
  }
}

}  // namespace

Columns find_columns(const Json& row, const ReadOptions& options, std::string_view place) {
  const std::string text = chosen(row, options.text_column, kText, "text", place);
  const std::string pair = chosen(row, options.text_pair_column, kPair, "second text", place);
  const std::string label =
      options.labels == Labels::kIgnored ? std::string() : chosen(row, options.label_column, kLabel, "label", place);
  const bool asked = !options.text_column.empty() || !options.label_column.empty();
  const auto attempt = [&](DataShape shape) {
    Columns columns;
    if (shape == DataShape::kClassification || shape == DataShape::kText) {
      columns.text = text;
      columns.text_pair = pair;
      columns.label = shape == DataShape::kClassification ? label : "";
    }
    columns.shape = shape;
    return std::pair(fill(columns, shape, row), columns);
  };
  std::vector<DataShape> order = {DataShape::kChat,   DataShape::kCompletion, DataShape::kQuestion,
                                  DataShape::kTokens, DataShape::kSeq2Seq,    DataShape::kClassification,
                                  DataShape::kText};
  if (asked) order = {DataShape::kClassification, DataShape::kText};
  if (options.labels == Labels::kRequired && !asked) order = {DataShape::kTokens, DataShape::kClassification};
  if (options.shape != DataShape::kAuto) order = {options.shape};
  for (const DataShape shape : order)
    if (auto [fits, columns] = attempt(shape); fits) return columns;
  std::string found;
  for (const auto& [name, value] : row.items()) found += (found.empty() ? "" : ", ") + name;
  const std::string_view wanted = options.shape != DataShape::kAuto     ? shape_name(options.shape)
                                  : options.labels == Labels::kRequired ? "text with a label"
                                                                        : "text";
  fail(ErrorKind::kBadInput,
       "{}: no columns for {} among: {}; expected 'text' (and 'label'), or 'prompt' and 'completion', 'messages', "
       "'source' and 'target', 'question' and 'context', 'tokens' and 'tags'; or name them with --text-column and "
       "--label-column",
       place, wanted, printable(found));
}

}  // namespace linnet
