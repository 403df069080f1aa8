#include "eval_data.h"

#include <set>
#include <utility>

#include "linnet/base/error.h"
#include "linnet/base/file.h"
#include "linnet/base/log.h"

namespace linnet::app {

namespace {

void check_classes(const Dataset& data) {
  check(data.label_kind == LabelKind::kClass, ErrorKind::kBadInput,
        "{}: the labels are not classes ({}), and only classes are judged so far", data.file, data.label_meaning);
}

// The judged rows, and the training rows if there are any.
std::pair<Dataset, std::optional<Dataset>> read_both(const Command& command, const EvalArguments& a) {
  ReadOptions read = read_options(command, a.columns,
                                  {.one_text = true,
                                   .labels = Labels::kRequired,
                                   .label_names = split_labels(a.classify.labels),
                                   .doubtful_labels = DoubtfulLabels::kAreClasses});
  if (!read.label_names.empty()) read.label_kind = LabelKind::kClass;
  if (is_folder(a.data)) {
    if (!a.examples.empty())
      command.wrong_usage("--examples goes with a file of rows; the folder has its own training rows");
    DatasetSplits splits = read_splits(a.data, read);
    std::optional<Dataset>& judged = splits.test ? splits.test : splits.valid;
    check(judged.has_value(), ErrorKind::kBadInput,
          "{}: has neither test nor validation rows; add test.jsonl, or name a file to judge", a.data);
    return {std::move(*judged), std::move(splits.train)};
  }
  if (a.examples.empty()) return {read_dataset(a.data, read), std::nullopt};
  // The format options are for the judged rows.
  ReadOptions same = read;
  same.format.clear();
  same.delimiter = '\0';
  same.header = true;
  Dataset training = read_dataset(a.examples, same);
  read.label_names = training.label_names;
  read.label_kind = training.label_kind;
  return {read_dataset(a.data, read), std::move(training)};
}

}  // namespace

EvalData read_eval_data(const Command& command, const EvalArguments& a) {
  auto [judged, training] = read_both(command, a);
  check_classes(judged);
  check(!judged.examples.empty(), ErrorKind::kBadInput, "{}: has no rows to judge", judged.file);
  EvalData data{.judged = std::move(judged)};
  if (!training) return data;
  check_classes(*training);
  std::set<std::pair<std::string, std::string>> texts;
  for (const Example& e : data.judged.examples) texts.emplace(e.text, e.text_pair);
  for (const Example& e : training->examples) {
    if (texts.contains({e.text, e.text_pair}))
      ++data.left_out;
    else
      data.training.push_back({e.text, e.text_pair, static_cast<std::size_t>(e.label), e.row.json()});
  }
  if (data.left_out > 0)
    note("{} of {} training rows have a text that is judged; they are left out", data.left_out,
         training->examples.size());
  return data;
}

std::vector<std::int32_t> EvalData::expected() const {
  std::vector<std::int32_t> labels;
  for (const Example& e : judged.examples) labels.push_back(e.label);
  return labels;
}

std::vector<tasks::TextInput> EvalData::inputs(bool columns) const {
  std::vector<tasks::TextInput> inputs;
  for (const Example& e : judged.examples) inputs.push_back({e.text, e.text_pair, columns ? e.row.json() : Json()});
  return inputs;
}

}  // namespace linnet::app
