#include "classify_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "linnet/base/error.h"
#include "linnet/base/file.h"
#include "linnet/base/json.h"
#include "linnet/data/labels.h"
#include "linnet/tasks/classify_json.h"

namespace linnet::app {

namespace {

// Sets the exemplars, and the labels if none are given. The format options of the input do not apply to this file.
void read_examples(const std::string& file, const RowOptions& columns, tasks::ClassifyOptions& options) {
  const Dataset data = read_dataset(file, {.text_column = columns.text_column,
                                           .text_pair_column = columns.pair_column,
                                           .label_column = columns.label_column,
                                           .one_text = true,
                                           .labels = Labels::kRequired,
                                           .label_names = options.labels,
                                           .label_kind = LabelKind::kClass});
  for (const Example& e : data.examples)
    if (e.label >= 0)
      options.exemplars.push_back({e.text, e.text_pair, static_cast<std::size_t>(e.label), e.row.json()});
  options.labels = data.label_names;
}

tasks::Calibration load_calibration(const std::string& file) {
  const Json json = read_json(file);
  const Json& labels = require(json, "labels", file);
  const Json& logprobs = require(json, "logprobs", file);
  check(labels.is_array() && logprobs.is_array() && labels.size() == logprobs.size(), ErrorKind::kBadInput,
        "{}: 'labels' and 'logprobs' are not two lists of one length; make it with --save-calibration", file);
  check(
      json.contains("measured_with") && json["measured_with"].is_object(), ErrorKind::kBadInput,
      "{}: does not name the model and the prompt it was measured with, so that it cannot be known to fit; measure it "
      "again with --calibrate content-free --save-calibration",
      file);
  tasks::Calibration calibration{.measured_with = json["measured_with"], .place = file};
  for (const Json& label : labels) calibration.labels.push_back(get_string(label, "labels", file));
  for (const Json& value : logprobs) {
    check(value.is_number() && std::isfinite(value.get<double>()), ErrorKind::kBadInput,
          "{}: {} in 'logprobs' is not a number; make the file with --save-calibration", file,
          printable(dump_json(value), 40));
    calibration.logprobs.push_back(value.get<double>());
  }
  return calibration;
}

constexpr std::int64_t kDefaultShots = 8;

}  // namespace

void add_classify_options(Command& command, ClassifyArguments& a) {
  add_text_options(command, a.texts);
  command.option("--labels", a.labels);
  command.option("--label-words", a.label_words);
  command.choice("--template", a.prompt, PromptTemplate::shipped_names(), Others::kAllowed);
  command.option("--hypothesis-template", a.hypothesis);
  command.flag("--multi-label", a.multi_label);
  command.flag("--chat", a.chat);
  command.flag("--show-prompt", a.show_prompt);
  command.option("--examples", a.examples);
  command.option("--shots", a.shots);
  command.choice("--engine", a.engine, tasks::engine_names());
  command.choice("--normalize", a.normalize, tasks::normalize_names());
  command.choice("--calibrate", a.calibrate, {"none", "content-free"}, Others::kAllowed);
  command.option("--save-calibration", a.save_calibration);
  command.option("--abstain-below", a.abstain_below);
  command.option("--top-k", a.top_k);
  command.flag("--allow-untrained", a.allow_untrained);
  add_answer_options(command, a.answers);
  add_model_options(command, a.model);
}

std::vector<std::string> split_labels(const std::string& list) {
  std::vector<std::string> labels;
  if (list.empty()) return labels;
  labels.emplace_back();
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (list[i] == '\\' && i + 1 < list.size() && list[i + 1] == ',')
      labels.back() += list[++i];
    else if (list[i] == ',')
      labels.emplace_back();
    else
      labels.back() += list[i];
  }
  for (std::string& label : labels) {
    const auto first = label.find_first_not_of(' ');
    label = first == std::string::npos ? "" : label.substr(first, label.find_last_not_of(' ') + 1 - first);
  }
  return labels;
}

tasks::ClassifyOptions plain_classify_options(const Command& command, const ClassifyArguments& a) {
  tasks::ClassifyOptions options;
  options.label_words = a.label_words;
  options.engine = tasks::engine_named(a.engine);
  options.normalize = tasks::normalize_named(a.normalize);
  if (command.given("--hypothesis-template")) options.prompt = tasks::hypothesis_template(a.hypothesis);
  options.multi_label = a.multi_label;
  options.chat = a.chat;
  options.calibrate = a.calibrate == "content-free";
  if (a.calibrate != "none" && !options.calibrate) options.calibration = load_calibration(a.calibrate);
  options.abstain_below = a.abstain_below;
  options.allow_untrained = a.allow_untrained;
  options.seed = a.model.seed;
  return options;
}

tasks::Engine settled_engine(const nn::TransformerConfig& config, const tasks::ClassifyOptions& options) {
  if (options.engine != tasks::Engine::kAuto) return options.engine;
  const std::vector<std::int32_t> own = match_labels(options.labels, config.labels);
  const bool all_own = std::ranges::all_of(own, [](std::int32_t place) { return place >= 0; });
  return all_own ? tasks::engine_for(config) : tasks::engine_for(config, options.labels);
}

tasks::ClassifyOptions classify_options(const Command& command, const ClassifyArguments& a,
                                        std::vector<std::string> labels) {
  tasks::ClassifyOptions options = plain_classify_options(command, a);
  if (command.given("--template")) {
    if (options.prompt) command.wrong_usage("--template or --hypothesis-template: one of them");
    options.prompt = PromptTemplate::parse(a.prompt);
  }
  options.labels = std::move(labels);
  if (!a.examples.empty()) {
    read_examples(a.examples, a.texts.rows, options);
    options.shots = command.given("--shots") ? a.shots : kDefaultShots;
  }
  return options;
}

void save_calibration(const std::string& file, const tasks::Calibration& calibration) {
  write_file(file, dump_json(Json{{"labels", calibration.labels},
                                  {"logprobs", calibration.logprobs},
                                  {"measured_with", calibration.measured_with}}) +
                       "\n");
}

}  // namespace linnet::app
