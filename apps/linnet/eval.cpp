// linnet eval: compares models and prompts on labelled rows.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "answer_file.h"
#include "eval_data.h"
#include "eval_options.h"
#include "eval_predictions.h"
#include "eval_table.h"
#include "linnet/base/error.h"
#include "linnet/base/file.h"
#include "linnet/base/log.h"
#include "linnet/base/memory.h"
#include "linnet/data/labels.h"
#include "linnet/eval/comparison_report.h"
#include "linnet/eval/ngram_classifier.h"
#include "linnet/eval/row_metrics.h"
#include "linnet/tasks/classify_json.h"
#include "output.h"
#include "progress.h"
#include "verbs.h"

namespace linnet::app {

namespace {

// Time and memory of the answers of a row.
class Meter {
 public:
  Meter() : resettable_(reset_peak_memory()), start_(std::chrono::steady_clock::now()) {}
  void read(EvalRow& row) const {
    const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start_;
    row.texts_per_s = static_cast<double>(row.judged.expected.size()) / std::max(time.count(), 1e-9);
    row.peak_bytes = resettable_ ? peak_memory() : 0;
  }

 private:
  bool resettable_;
  std::chrono::steady_clock::time_point start_;
};

class EvalRun {
 public:
  EvalRun(const Command& command, const EvalArguments& arguments)
      : command_(command),
        arguments_(arguments),
        setups_(eval_setups(command, arguments)),
        models_(eval_models(arguments)),
        data_(read_eval_data(command, arguments)) {
    const bool shots = std::ranges::any_of(setups_, [](const EvalSetup& s) { return s.shots > 0; });
    if (shots && data_.training.empty())
      command.wrong_usage("--shots needs training rows: a folder with train rows, or --examples FILE");
    expected_ = data_.expected();
  }

  std::vector<EvalRow> rows() {
    for (const EvalModel& model : models_) judge_model(model);
    Progress::hide();
    judge_baselines();
    return std::move(rows_);
  }

  const EvalData& data() const { return data_; }

 private:
  void judge_model(const EvalModel& model) {
    const Loaded loaded = load_pretrained(command_, model.options);
    if (!bar_)  // loading does not count for its speed
      bar_.emplace("judging", static_cast<std::int64_t>(models_.size() * setups_.size() * expected_.size()), "texts");
    std::set<std::string> seen;
    for (const EvalSetup& setup : setups_) {
      const tasks::Engine engine = settled_engine(
          loaded.model->config(), {.labels = data_.labels(), .engine = tasks::engine_named(setup.engine)});
      tasks::ClassifyOptions options = setup_options(command_, arguments_, setup, engine);
      EvalRow row = new_row();
      row.model = model.name;
      row.engine = tasks::engine_name(engine);
      row.shots = options.shots;
      row.prompt = options.prompt && engine != tasks::Engine::kNli ? setup.prompt : "";
      row.name = name_of(row);
      // An engine without a prompt has one row for all templates.
      if (!seen.insert(row.name).second) {
        bar_->advance(static_cast<std::int64_t>(expected_.size()));
        continue;
      }
      if (engine != tasks::Engine::kHead) options.labels = data_.labels();
      if (options.shots > 0) options.exemplars = data_.training;
      judge(tasks::Classifier(loaded, std::move(options)), row);
      rows_.push_back(std::move(row));
    }
  }

  EvalRow new_row() const {
    EvalRow row;
    row.judged.labels = data_.labels().size();
    row.judged.expected = expected_;
    row.judged.predicted.assign(expected_.size(), -1);
    return row;
  }

  static std::string name_of(const EvalRow& row) {
    std::string name = row.model + " " + row.engine;
    if (!row.prompt.empty()) name += " " + row.prompt;
    if (row.shots > 0) name += fmt::format(" {} shots", row.shots);
    return name;
  }

  void judge(const tasks::Classifier& classifier, EvalRow& row) {
    const std::vector<std::int32_t> places = match_labels(data_.labels(), classifier.labels());
    for (std::size_t l = 0; l < places.size(); ++l)
      check(places[l] >= 0, ErrorKind::kBadInput,
            "{}: the label '{}' is none of the model's: {}; rename it, or give {}", data_.judged.file,
            data_.labels()[l], fmt::join(classifier.labels(), ", "), "--engine score");
    const bool judges = classifier.engine() != tasks::Engine::kGenerate;
    if (judges) row.judged.probabilities.assign(expected_.size() * row.judged.labels, 0.0);
    const std::vector<tasks::TextInput> texts = data_.inputs(classifier.engine() != tasks::Engine::kHead);
    std::map<std::string, std::size_t> label_at;
    for (std::size_t l = 0; l < places.size(); ++l)
      label_at[classifier.labels()[static_cast<std::size_t>(places[l])]] = l;
    const Meter meter;
    tasks::Classifier::Session session = classifier.make_session();
    classifier.classify_each(
        texts, session,
        [&](std::size_t i, const tasks::Classification& answer) {
          take(answer, label_at, i, row.judged);
          bar_->advance();
        },
        [&](std::size_t i, const Error& why) {
          print_error(format_printable("{}: {}", data_.judged.place(i), why.what()));
          ++row.refused;
          bar_->advance();
        });
    meter.read(row);
  }

  static void take(const tasks::Classification& answer, const std::map<std::string, std::size_t>& label_at,
                   std::size_t text, JudgedClasses& judged) {
    const auto found = answer.label ? label_at.find(*answer.label) : label_at.end();
    if (found != label_at.end()) judged.predicted[text] = static_cast<std::int32_t>(found->second);
    if (judged.probabilities.empty()) return;
    for (const tasks::LabelScore& score : answer.scores)
      if (const auto at = label_at.find(score.label); at != label_at.end())
        judged.probabilities[text * judged.labels + at->second] = score.score;
  }

  // Classifiers on n-grams of words, trained on the training rows.
  void judge_baselines() {
    if (data_.training.empty()) {
      print_note(
          "note: no training rows, so that the table has no n-gram baseline; give a folder with train rows, or "
          "--examples FILE");
      return;
    }
    std::vector<std::string> texts;
    std::vector<std::int32_t> labels;
    for (const Exemplar& row : data_.training) {
      texts.push_back(joined(row.text, row.text_pair));
      labels.push_back(static_cast<std::int32_t>(row.label));
    }
    for (const auto& [kind, name] :
         {std::pair{NgramKind::kNaiveBayes, "naive-bayes"}, {NgramKind::kLogistic, "logistic"}}) {
      EvalRow row = new_row();
      row.engine = name;
      row.name = fmt::format("{} on word n-grams, {} training rows", name, texts.size());
      const NgramClassifier baseline = NgramClassifier::train(kind, texts, labels, data_.labels().size());
      const Meter meter;
      for (std::size_t i = 0; i < expected_.size(); ++i) {
        const Example e = data_.judged.examples[i];
        const std::vector<double> p = baseline.probabilities(joined(std::string(e.text), std::string(e.text_pair)));
        row.judged.predicted[i] = static_cast<std::int32_t>(std::max_element(p.begin(), p.end()) - p.begin());
        row.judged.probabilities.insert(row.judged.probabilities.end(), p.begin(), p.end());
      }
      meter.read(row);
      rows_.push_back(std::move(row));
    }
  }

  static std::string joined(const std::string& text, const std::string& pair) {
    return pair.empty() ? text : text + " " + pair;
  }

  const Command& command_;
  const EvalArguments& arguments_;
  std::vector<EvalSetup> setups_;
  std::vector<EvalModel> models_;
  EvalData data_;
  std::vector<std::int32_t> expected_;
  std::vector<EvalRow> rows_;
  std::optional<Progress> bar_;
};

// The input's columns, and the answer of every row of the table with its probability.
void write_answers(const std::string& file, const EvalData& data, const std::vector<EvalRow>& rows) {
  std::vector<std::string> names;
  for (const EvalRow& row : rows) names.insert(names.end(), {row.name, row.name + " score"});
  AnswerFile out(file, data.judged.columns, names);
  for (std::size_t i = 0; i < data.judged.examples.size(); ++i) {
    std::vector<Json> cells;
    for (const EvalRow& row : rows) {
      const std::int32_t label = row.judged.predicted[i];
      const double confidence = row.judged.confidence(i);
      cells.push_back(label < 0 ? Json() : Json(data.labels()[static_cast<std::size_t>(label)]));
      cells.push_back(std::isfinite(confidence) ? Json(confidence) : Json());
    }
    out.add(data.judged.examples.record(i).json(), cells, data.judged.place(i));
  }
  out.commit();
}

void write_report(const EvalArguments& a, const EvalData& data, const EvalTable& table) {
  ComparisonReportInput input{.title = std::filesystem::path(data.judged.file).filename().string(),
                              .comparison = &table.comparison,
                              .labels = table.labels,
                              .risk = a.risk};
  input.facts = {{"rows", data.judged.file},
                 {"texts", std::to_string(data.judged.examples.size())},
                 {"training rows", std::to_string(data.training.size())},
                 {"labels", fmt::format("{}", fmt::join(table.labels, ", "))}};
  for (const EvalRow& row : table.rows)
    input.measured.push_back({fmt::format("{:.4g}", row.texts_per_s),
                              row.peak_bytes == 0 ? "–" : format_bytes(static_cast<double>(row.peak_bytes)).text()});
  input.text = [&](std::size_t i) {
    const Example e = data.judged.examples[i];
    return std::string(e.text) + (e.text_pair.empty() ? "" : "  |  " + std::string(e.text_pair));
  };
  write_file(a.report, comparison_report(input).text());
}

}  // namespace

void run_eval(Arguments arguments) {
  EvalArguments a;
  Command command("eval", "models and prompts, compared on labelled rows");
  command.example(
      "linnet eval reviews.csv -m SmolLM2-135M-Instruct.gguf --template review-sentiment --template default");
  command.example("linnet eval data/ -m base -m tuned --output answers.csv --report report.html");
  command.example("linnet eval --predictions translations.jsonl --metric bleu --metric chrf");
  add_eval_options(command, a);
  command.parse(arguments);
  if (a.data.empty() == a.predictions.empty())
    command.wrong_usage("give the rows to judge, or --predictions FILE with --metric NAME");
  if (!a.predictions.empty()) {
    if (a.metrics.empty())
      command.wrong_usage(fmt::format("--predictions needs --metric: {}", fmt::join(row_metric_names(), ", ")));
    return judge_predictions(a);
  }
  if (!a.output.empty()) check_answer_file_name(a.output);

  EvalRun run(command, a);
  const std::vector<EvalRow> rows = run.rows();
  std::vector<ComparedSystem> systems;
  for (const EvalRow& row : rows) systems.push_back({row.name, ClassMetrics(row.judged, a.risk)});
  const Comparison comparison(std::move(systems),
                              {.resamples = static_cast<std::size_t>(a.bootstrap), .seed = a.classify.model.seed});
  const EvalTable table{rows, comparison, run.data().labels(), a.risk};
  if (!a.output.empty()) write_answers(a.output, run.data(), rows);
  if (!a.report.empty()) write_report(a, run.data(), table);
  if (a.json)
    print_json(eval_json(table));
  else
    print_result(eval_text(table).text());
  if (std::ranges::any_of(rows, [](const EvalRow& row) { return row.refused > 0; })) throw Exit{3};
}

}  // namespace linnet::app
