// linnet classify: classifies texts.
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <iterator>
#include <numeric>
#include <optional>
#include <span>
#include <utility>

#include "classify_options.h"
#include "classify_report.h"
#include "linnet/base/error.h"
#include "linnet/base/log.h"
#include "linnet/data/labels.h"
#include "linnet/models/weights_id.h"
#include "output.h"
#include "progress.h"
#include "row_answers.h"
#include "verbs.h"

namespace linnet::app {

namespace {

// The model's weights, and the adapter's on them.
std::string weights_of(const Loaded& loaded) {
  const std::string base = models::weights_id(loaded.files.model.checkpoint());
  return loaded.adapter == nullptr ? base : base + "+" + models::weights_id(loaded.files.adapter->checkpoint());
}

// Default labels are those of the files; a trained head has its own.
void settle_labels(const models::Model& model, const ClassifyArguments& a, tasks::ClassifyOptions& options) {
  if (!a.labels.empty()) return;
  if (settled_engine(model.config(), options) == tasks::Engine::kHead) options.labels.clear();
  if (!options.labels.empty())
    note("labels, as the file has them: {}", printable(format_printable("{}", fmt::join(options.labels, ", "))));
}

// Indexes of the file's labels among the classifier's; a label without one is rejected with its row. The file may have
// ids for a head's classes.
std::vector<std::int32_t> places_of(const Dataset& data, const std::vector<std::string>& labels) {
  const std::vector<std::int32_t> places = match_labels(data.label_names, labels);
  for (std::size_t i = 0; i < data.examples.size(); ++i) {
    const std::int32_t id = data.examples[i].label;
    check(id < 0 || places[static_cast<std::size_t>(id)] >= 0, ErrorKind::kBadInput,
          "{}: the label '{}' is none of: {}; correct it, or name another column with --label-column", data.place(i),
          id < 0 ? "" : data.label_names[static_cast<std::size_t>(id)], fmt::join(labels, ", "));
  }
  return places;
}

// Answers examples in portions.
class ClassifyRun {
 public:
  ClassifyRun(const tasks::Classifier& classifier, const ClassifyArguments& a, const std::vector<std::string>& columns)
      : classifier_(classifier),
        session_(classifier.make_session()),
        columns_(columns),
        answers_(a.answers, columns, ClassifyReport::columns()),
        report_(classifier.labels(), a.top_k),
        json_(a.answers.json),
        slots_(!a.prompt.empty() && classifier.engine() != tasks::Engine::kHead),
        show_prompt_(a.show_prompt) {}

  // `places`: indexes of the examples' labels among the classifier's; empty: no expected labels. `advance` is called
  // after every text with the number of finished texts.
  void answer(
      std::span<const ExampleRef> examples, std::span<const std::int32_t> places,
      const std::function<void(std::size_t)>& advance = [](std::size_t) {}) {
    std::vector<ExampleRef> rows;
    std::copy_if(examples.begin(), examples.end(), std::back_inserter(rows),
                 [](const ExampleRef& example) { return !is_empty_line(example); });
    std::size_t done = 0;
    answers_.answer_together(
        rows, [&](const std::vector<ExampleRef>& asked) { classify(asked, places, [&] { advance(++done); }); });
  }

  void finish() {
    if (report_.any_expected()) {
      if (json_)
        print_json({{"summary", report_.summary()}});
      else
        report_.print_summary();
    }
    answers_.finish();
  }

 private:
  void classify(const std::vector<ExampleRef>& asked, std::span<const std::int32_t> places,
                const std::function<void()>& next) {
    std::vector<tasks::TextInput> texts;
    for (const ExampleRef& example : asked)
      texts.push_back({(*example).text, (*example).text_pair, slots_ ? (*example).row.json() : Json()});
    if (std::exchange(first_, false)) check_first(texts.front());
    classifier_.classify_each(
        texts, session_,
        [&](std::size_t i, const tasks::Classification& answer) {
          answers_.add(input_row(asked[i], answers_.joins()), report_.answer(texts[i].text, answer));
          const std::int32_t label = (*asked[i]).label;
          report_.count(answer, label < 0 || places.empty() ? -1 : places[static_cast<std::size_t>(label)]);
          next();
        },
        [&](std::size_t i, const Error& why) {
          answers_.refuse(input_row(asked[i], answers_.joins()), why);
          next();
        });
  }

  // An error of the template affects every row, so it is reported once, before the first one.
  void check_first(const tasks::TextInput& first) const {
    tasks::TextInput probe{"text", first.pair.empty() ? "" : "text", first.columns};
    for (const std::string& name : columns_)
      if (slots_ && !name.empty() && !probe.columns.contains(name)) probe.columns[name] = "text";
    if (classifier_.engine() != tasks::Engine::kHead) classifier_.check_input(probe);
    if (show_prompt_) print_requested(shown_lines(classifier_.render(first)));
  }

  const tasks::Classifier& classifier_;
  tasks::Classifier::Session session_;
  std::vector<std::string> columns_;
  RowAnswers answers_;
  ClassifyReport report_;
  bool json_, slots_, show_prompt_, first_ = true;
};

constexpr std::size_t kAtOnce = 1024;  // texts prepared together: many batches, but little memory

// False for a regression and a multi-label head.
bool has_right_label(const models::Model& model, tasks::Engine engine) {
  const models::ProblemType problem = model.config().problem;
  return engine != tasks::Engine::kHead ||
         (problem != models::ProblemType::kRegression && problem != models::ProblemType::kMultiLabel);
}

void answer_all(const Dataset& data, const tasks::Classifier& classifier, const ClassifyArguments& a, bool judges) {
  const auto places = judges ? places_of(data, classifier.labels()) : std::vector<std::int32_t>();
  ClassifyRun run(classifier, a, data.columns);
  const std::size_t count = data.examples.size();
  Progress bar("classifying", static_cast<std::int64_t>(count), "texts");
  for (std::size_t begin = 0; begin < count; begin += kAtOnce) {
    run.answer(rows_of(data, begin, kAtOnce), places,
               [&](std::size_t done) { bar.set(static_cast<std::int64_t>(begin + done)); });
    bar.set(static_cast<std::int64_t>(std::min(count, begin + kAtOnce)));
  }
  Progress::hide();
  run.finish();
}

void answer_stream(RowStream stream, const tasks::Classifier& classifier, const ClassifyArguments& a) {
  std::vector<std::int32_t> places(classifier.labels().size());
  std::iota(places.begin(), places.end(), 0);
  std::optional<ClassifyRun> run;
  answer_arrivals(std::move(stream), kAtOnce, [&](std::span<const ExampleRef> rows) {
    if (!run) run.emplace(classifier, a, rows.back().data.columns);
    run->answer(rows, places);
  });
  run->finish();
}

// True if the labels are known before the first row of a pipe.
bool knows_labels(const models::Model& model, const tasks::ClassifyOptions& options) {
  const auto engine =
      options.engine == tasks::Engine::kAuto ? tasks::engine_for(model.config(), options.labels) : options.engine;
  return !options.labels.empty() || engine == tasks::Engine::kHead;
}

}  // namespace

void run_classify(Arguments arguments) {
  ClassifyArguments a;
  Command command("classify", "texts and labels in, probabilities out");
  command.example(
      "linnet classify --labels positive,negative --template review-sentiment 'I love the sunny weather today.'");
  command.example("linnet classify --labels 'C++,Python' --template code-above --input snippets.jsonl --json");
  add_classify_options(command, a);
  command.parse(arguments);
  check_answer_options(command, a.answers);

  std::vector<std::string> labels = split_labels(a.labels);
  ReadOptions read{.one_text = true,
                   .label_names = labels,
                   .faulty_rows = FaultyRows::kKept,
                   .doubtful_labels = DoubtfulLabels::kAreClasses};
  if (!labels.empty()) read.label_kind = LabelKind::kClass;
  bool streams = answers_as_rows_come(a.texts, a.answers);
  std::optional<Dataset> data;
  if (!streams) data = read_texts(command, a.texts, read);
  if (data && labels.empty() && data->label_kind == LabelKind::kClass) labels = data->label_names;
  tasks::ClassifyOptions options = classify_options(command, a, std::move(labels));
  const Loaded loaded = load_pretrained(command, a.model);
  if (streams && !knows_labels(*loaded.model, options)) {
    if (a.answers.stream) command.wrong_usage("--stream needs --labels: they must be known before the first row");
    streams = false;
    data = read_texts(command, a.texts, read);
    if (data->label_kind == LabelKind::kClass) options.labels = data->label_names;
  }
  settle_labels(*loaded.model, a, options);
  if (options.calibrate || options.calibration) options.weights_id = weights_of(loaded);
  const tasks::Classifier classifier(loaded, options);
  if (!a.save_calibration.empty()) save_calibration(a.save_calibration, *classifier.calibration());
  const bool judges = has_right_label(*loaded.model, classifier.engine());
  if (!streams) return answer_all(*data, classifier, a, judges);
  read.labels = judges ? Labels::kOptional : Labels::kIgnored;
  read.label_names = classifier.labels();
  read.label_kind = LabelKind::kClass;
  answer_stream(stream_texts(command, a.texts, read), classifier, a);
}

}  // namespace linnet::app
