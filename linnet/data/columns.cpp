#include "linnet/data/columns.h"

#include <algorithm>
#include <initializer_list>
#include <unordered_set>
#include <utility>

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

using Found = std::vector<std::string>;  // names of a file's columns

bool same_letters(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

bool has(const Found& found, std::string_view name) {
  return std::find(found.begin(), found.end(), name) != found.end();
}

// The first of `names` in `found`, else one that differs in case, else "".
std::string first_of(const Found& found, Names names) {
  for (const char* name : names)
    if (has(found, name)) return name;
  for (const char* name : names)
    for (const std::string& column : found)
      if (same_letters(column, name)) return column;
  return "";
}

std::string chosen(const Found& found, const std::string& asked, Names names, std::string_view what,
                   std::string_view place) {
  if (asked.empty()) return first_of(found, names);
  if (has(found, asked)) return asked;
  fail(ErrorKind::kBadInput, "{}: there is no {} column '{}'; there are: {}", place, what, printable(asked, 60),
       fmt::join(found, ", "));
}

bool fill_sequences(Columns& columns, const Found& found) {
  if (has(found, "translation")) {  // {"en": …, "de": …}
    columns.text = "translation";
    return true;
  }
  for (const auto& [source, target] : kSequences) {
    columns.text = first_of(found, {source});
    columns.target = first_of(found, {target});
    if (!columns.text.empty() && !columns.target.empty()) return true;
  }
  return false;
}

// Sets the columns of `shape`; returns false if some are missing.
bool fill(Columns& columns, DataShape shape, const Found& found) {
  columns.shape = shape;
  switch (shape) {
    case DataShape::kChat:
      columns.messages = first_of(found, kMessages);
      return !columns.messages.empty();
    case DataShape::kCompletion:
      columns.prompt = first_of(found, kPrompt);
      columns.completion = first_of(found, kCompletion);
      return !columns.prompt.empty() && !columns.completion.empty();
    case DataShape::kQuestion:
      columns.question = first_of(found, {"question"});
      columns.context = first_of(found, {"context"});
      columns.answers = first_of(found, {"answers", "answer"});
      return !columns.question.empty() && !columns.context.empty();
    case DataShape::kTokens:
      columns.tokens = first_of(found, kTokens);
      columns.tags = first_of(found, kTags);
      return !columns.tokens.empty() && !columns.tags.empty();
    case DataShape::kSeq2Seq:
      return fill_sequences(columns, found);
    case DataShape::kClassification:
      return !columns.text.empty() && !columns.label.empty();
    default:
      return !columns.text.empty();
  }
}

std::vector<DataShape> shapes_to_try(const ReadOptions& options, bool asked) {
  if (options.shape != DataShape::kAuto) return {options.shape};
  if (options.one_text && options.labels == Labels::kRequired) return {DataShape::kClassification};
  if (options.one_text) return {DataShape::kClassification, DataShape::kText, DataShape::kSeq2Seq};
  if (asked) return {DataShape::kClassification, DataShape::kText};
  if (options.labels == Labels::kRequired) return {DataShape::kTokens, DataShape::kClassification};
  return {DataShape::kChat,    DataShape::kCompletion,     DataShape::kQuestion, DataShape::kTokens,
          DataShape::kSeq2Seq, DataShape::kClassification, DataShape::kText};
}

}  // namespace

bool known_column(std::string_view name) {
  for (const Names* names : {&kText, &kPair, &kLabel, &kPrompt, &kCompletion, &kMessages, &kTokens, &kTags})
    if (std::any_of(names->begin(), names->end(), [&](const char* known) { return same_letters(known, name); }))
      return true;
  return same_letters(name, "question") || same_letters(name, "context") || same_letters(name, "source") ||
         same_letters(name, "target");
}

Columns find_columns(const Found& found, const ReadOptions& options, std::string_view place) {
  std::string text = chosen(found, options.text_column, kText, "text", place);
  const std::string pair = chosen(found, options.text_pair_column, kPair, "second text", place);
  const std::string label =
      options.labels == Labels::kIgnored ? std::string() : chosen(found, options.label_column, kLabel, "label", place);
  const bool asked = !options.text_column.empty() || !options.label_column.empty();
  if (text.empty() && !options.header && found.size() == 1) text = found[0];
  for (const DataShape shape : shapes_to_try(options, asked)) {
    Columns columns;
    if (shape == DataShape::kClassification || shape == DataShape::kText) {
      columns.text = text;
      columns.text_pair = pair;
      columns.label = shape == DataShape::kClassification ? label : "";
    }
    if (fill(columns, shape, found)) return columns;
  }
  const std::string_view wanted = options.shape != DataShape::kAuto     ? shape_name(options.shape)
                                  : options.labels == Labels::kRequired ? "text with a label"
                                                                        : "text";
  fail(ErrorKind::kBadInput,
       "{}: no columns for {} among: {}; expected 'text' (and 'label'), or 'prompt' and 'completion', 'messages', "
       "'source' and 'target', 'question' and 'context', 'tokens' and 'tags'; or name them with {} and {}",
       place, wanted, fmt::join(found, ", "), option("text_column"), option("label_column"));
}

std::string label_like_column(const Dataset& data) {
  constexpr std::size_t kMostValues = 1000, kLongest = 64;
  for (const std::string& name : data.unused_columns) {
    std::unordered_set<std::string_view> values;
    std::size_t filled = 0;
    bool short_values = true;
    for (std::size_t i = 0; i < data.examples.size(); ++i) {
      const Cell cell = data.examples.record(i).find(name);
      if (cell.kind == CellKind::kAbsent || cell.text.empty() || cell.text == "null") continue;
      ++filled;
      short_values = short_values && cell.text.size() <= kLongest;
      if (values.size() <= kMostValues) values.insert(cell.text);
    }
    if (short_values && values.size() > 1 && values.size() <= kMostValues && values.size() * 2 <= filled) return name;
  }
  return "";
}

}  // namespace linnet
