// linnet classify: texts and labels in, probabilities out.
#include <fmt/format.h>

#include <algorithm>

#include "classify_options.h"
#include "classify_report.h"
#include "linnet/base/error.h"
#include "linnet/base/log.h"
#include "output.h"
#include "progress.h"
#include "verbs.h"

namespace linnet::app {

namespace {

void check_usage(const Command& command, const ClassifyArguments& a) {
  if (a.top_k < 0 || (command.given("--top-k") && a.top_k < 1)) command.wrong_usage("--top-k takes a number from 1");
  if (!(a.abstain_below >= 0 && a.abstain_below <= 1))
    command.wrong_usage("--abstain-below takes a number from 0 to 1");
  if (command.given("--shots") && a.examples.empty()) command.wrong_usage("--shots needs --examples FILE");
  if (command.given("--shots") && a.shots < 1) command.wrong_usage("--shots takes a number from 1");
  if (!a.save_calibration.empty() && a.calibrate == "none")
    command.wrong_usage("--save-calibration needs --calibrate content-free");
}

// Labels that nobody named are the ones of the files; a trained head has its own.
void settle_labels(const models::Model& model, const ClassifyArguments& a, tasks::ClassifyOptions& options) {
  if (!a.labels.empty()) return;
  const auto engine = options.engine == tasks::Engine::kAuto ? tasks::engine_for(model.config()) : options.engine;
  if (engine == tasks::Engine::kHead) options.labels.clear();
  if (!options.labels.empty())
    note("labels, as the file has them: {}", printable(format_printable("{}", fmt::join(options.labels, ", "))));
}

// The index among the classifier's labels of what the file says of an example; -1 where it says nothing.
std::int32_t expected_label(const Dataset& data, std::size_t index, const std::vector<std::string>& labels) {
  const std::int32_t id = data.examples[index].label;
  if (id < 0) return -1;
  const std::string& name = data.label_names[static_cast<std::size_t>(id)];
  const auto found = std::find(labels.begin(), labels.end(), name);
  if (found != labels.end()) return static_cast<std::int32_t>(found - labels.begin());
  // A head's classes may stand in the file as their ids.
  const bool digits = !name.empty() && name.size() < 9 && name.find_first_not_of("0123456789") == name.npos;
  const std::int32_t number = digits ? std::stoi(name) : -1;
  check(number >= 0 && number < static_cast<std::int32_t>(labels.size()), ErrorKind::kBadInput,
        "{}: the label '{}' is none of: {}", data.place(index), printable(name, 60),
        printable(format_printable("{}", fmt::join(labels, ", "))));
  return number;
}

}  // namespace

void run_classify(Arguments arguments) {
  ClassifyArguments a;
  Command command("classify", "texts and labels in, probabilities out");
  command.example("linnet classify --labels positive,negative 'I love the sunny weather today.'");
  command.example("linnet classify --labels 'C++,Python' --template code-language --input snippets.jsonl --json");
  add_classify_options(command, a);
  command.parse(arguments);
  check_usage(command, a);

  std::vector<std::string> labels = split_labels(a.labels);
  ReadOptions read{.label_names = labels};
  if (!labels.empty()) read.label_kind = LabelKind::kClass;
  const Dataset data = read_texts(command, a.texts, read);
  if (labels.empty() && data.label_kind == LabelKind::kClass) labels = data.label_names;
  tasks::ClassifyOptions options = classify_options(command, a, std::move(labels));
  const LoadedModel loaded = load_model(command, a.model);
  settle_labels(*loaded.model, a, options);
  const tasks::Classifier classifier(*loaded.model, loaded.tokenizer(), options);
  if (!a.save_calibration.empty()) save_calibration(a.save_calibration, *classifier.calibration());

  std::vector<tasks::TextInput> texts;
  for (const Example& e : data.examples) texts.push_back({e.text, e.text_pair});
  if (a.show_prompt && !texts.empty()) print_note(shown_lines(classifier.render(texts.front())));
  ClassifyReport report(a.json ? OutputStyle::kJson : OutputStyle::kTable, classifier.labels(), a.top_k);
  Progress bar("classifying", static_cast<std::int64_t>(texts.size()), "texts");
  classifier.classify_each(texts, [&](std::size_t i, const tasks::Classification& answer) {
    report.add(texts[i].text, answer, expected_label(data, i, classifier.labels()));
    bar.set(static_cast<std::int64_t>(i) + 1);
  });
  report.finish();
}

}  // namespace linnet::app
