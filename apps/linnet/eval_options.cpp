#include "eval_options.h"

#include <charconv>
#include <filesystem>

#include "linnet/tasks/classify_json.h"
#include "model_argument.h"

namespace linnet::app {

namespace {

bool engine_takes(tasks::Engine engine, const char* field) {
  return rule_of(tasks::kClassifyRules, field).takes(tasks::engine_name(engine));
}

std::int64_t shots_of(const Command& command, const std::string& text) {
  std::int64_t shots = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), shots);
  if (error != std::errc() || end != text.data() + text.size() || shots < 0)
    command.wrong_usage(format_printable("--shots: '{}' is not a whole number of 0 or more", printable(text, 40)));
  return shots;
}

// One value if an option was not given: its default.
std::vector<std::string> given_or(const std::vector<std::string>& values, const char* otherwise) {
  return values.empty() ? std::vector<std::string>{otherwise} : values;
}

std::string file_name(const std::string& model) {
  const std::filesystem::path path = resolve_model(model);
  return (path.has_filename() ? path : path.parent_path()).filename().string();
}

}  // namespace

void add_eval_options(Command& command, EvalArguments& a) {
  command.option("data", a.data);
  add_row_options(command, a.columns);
  command.option("--examples", a.examples);
  command.option("--predictions", a.predictions);
  command.option("--gold", a.gold);
  command.option("--metric", a.metrics);
  command.option("--labels", a.classify.labels);
  command.option("--label-words", a.classify.label_words);
  command.option("--template", a.templates);
  command.option("--hypothesis-template", a.classify.hypothesis);
  command.flag("--chat", a.classify.chat);
  command.option("--shots", a.shots);
  command.option("--engine", a.engines);
  command.choice("--normalize", a.classify.normalize, tasks::normalize_names());
  command.choice("--calibrate", a.classify.calibrate, {"none", "content-free"});
  command.flag("--allow-untrained", a.classify.allow_untrained);
  command.option("--risk", a.risk);
  command.option("--bootstrap", a.bootstrap);
  command.option("--output", a.output);
  command.option("--report", a.report);
  command.flag("--json", a.json);
  command.option("--model", a.models);
  command.option("--adapter", a.adapters);
  command.choice("--dtype", a.classify.model.dtype, weight_type_names());
  command.choice("--device", a.classify.model.device, {"auto", "cpu"});
  command.option("--threads", a.classify.model.threads);
  command.option("--seed", a.classify.model.seed);
}

std::vector<EvalSetup> eval_setups(const Command& command, const EvalArguments& a) {
  std::vector<EvalSetup> setups;
  for (const std::string& engine : given_or(a.engines, "auto")) {
    tasks::engine_named(engine);  // refuses another name
    for (const std::string& prompt : given_or(a.templates, ""))
      for (const std::string& shots : given_or(a.shots, "0"))
        setups.push_back({engine, prompt == "default" ? "" : prompt, shots_of(command, shots)});
  }
  return setups;
}

std::vector<EvalModel> eval_models(const EvalArguments& a) {
  std::vector<EvalModel> models;
  for (const std::string& model : given_or(a.models, ""))
    for (const std::string& adapter : given_or(a.adapters, "none")) {
      EvalModel& made = models.emplace_back(EvalModel{a.classify.model, file_name(model)});
      made.options.model = model;
      if (adapter == "none") continue;
      made.options.adapter = adapter;
      made.name += "+" + file_name(adapter);
    }
  return models;
}

tasks::ClassifyOptions setup_options(const Command& command, const EvalArguments& a, const EvalSetup& setup,
                                     tasks::Engine engine) {
  ClassifyArguments arguments = a.classify;
  arguments.engine = setup.engine;
  tasks::ClassifyOptions options = plain_classify_options(command, arguments);
  options.engine = engine;
  if (engine != tasks::Engine::kNli) options.prompt.reset();  // only the hypothesis is set so far
  if (engine != tasks::Engine::kNli && engine_takes(engine, "prompt") && !setup.prompt.empty())
    options.prompt = PromptTemplate::parse(setup.prompt);
  if (engine_takes(engine, "exemplars")) options.shots = setup.shots;
  if (!engine_takes(engine, "label_words")) options.label_words.clear();
  if (!engine_takes(engine, "chat")) options.chat = false;
  if (!engine_takes(engine, "normalize")) options.normalize = tasks::Normalize::kSum;
  if (!engine_takes(engine, "calibrate")) options.calibrate = false;
  return options;
}

}  // namespace linnet::app
