// linnet train: fine-tunes a model on labelled rows and saves a folder for other programs.
#include <fmt/format.h>

#include <charconv>
#include <exception>
#include <memory>
#include <optional>

#include "interrupt.h"
#include "linnet/base/error.h"
#include "linnet/base/log.h"
#include "linnet/train/checkpoint/checkpointing.h"
#include "linnet/train/checkpoint/run_state.h"
#include "linnet/train/trainer.h"
#include "model_argument.h"
#include "model_options.h"
#include "output.h"
#include "progress.h"
#include "resumed_options.h"
#include "text_options.h"
#include "verbs.h"

namespace linnet::app {
namespace {

// Options of the command line that are names; numbers are parsed directly to TrainOptions.
struct Words {
  std::string data, task = "auto", method = "auto", problem, head, pooling, schedule = "linear", optimizer = "adamw",
                    class_weights, preset;
  RowOptions rows;
  bool new_head = false, from_scratch = false, no_eos = false, no_shuffle = false, decay_all = false, rslora = false;
  bool peft_compat = false, json = false;
};

void add_task_options(Command& command, TrainOptions& o, Words& words) {
  command.option("--data", words.data);
  command.option("--output", o.output);
  command.choice("--task", words.task, task_names());
  add_row_options(command, words.rows);
  command.choice(
      "--problem-type", words.problem,
      {"single_label_classification", "multi_label_classification", "regression", "single-label", "multi-label"});
  command.flag("--new-head", words.new_head);
  command.choice("--head", words.head, {"linear", "mlp"});
  command.choice("--pooling", words.pooling, {"first", "last", "mean", "max"});
  command.flag("--from-scratch", words.from_scratch);
  command.flag("--whole-word", o.whole_word);
  command.option("--mask-probability", o.mask_probability);
  command.flag("--no-eos", words.no_eos);
  command.flag("--packing", o.packing);
  command.option("--max-length", o.max_length);
}

void add_method_options(Command& command, TrainOptions& o, Words& words) {
  command.choice("--method", words.method, {"auto", "full", "head", "lora", "prompt", "prefix"});
  command.option("--lora-r", o.lora_rank);
  command.option("--lora-alpha", o.lora_alpha);
  command.option("--lora-dropout", o.lora_dropout);
  command.flag("--rslora", words.rslora);
  command.option("--target-modules", o.target_modules).delimiter(',');
  command.choice("--preset", words.preset, {"power-of-scale"});
  command.option("--virtual-tokens", o.virtual_tokens);
  command.option("--prompt-init", o.prompt_init);
  command.flag("--prefix-projection", o.prefix_projection);
  command.option("--prefix-hidden", o.prefix_hidden);
  command.flag("--peft-compat", words.peft_compat);
  command.option("--freeze", o.freeze).delimiter(',');
}

void add_step_options(Command& command, TrainOptions& o, Words& words) {
  command.option("--epochs", o.epochs);
  command.option("--max-steps", o.max_steps);
  command.option("--batch-size", o.batch_size);
  command.option("--batch-tokens", o.batch_tokens);
  command.option("--grad-accumulation", o.grad_accumulation);
  command.option("--learning-rate", o.learning_rate);
  command.choice("--optimizer", words.optimizer, {"adamw", "adam", "sgd", "adafactor"});
  command.option("--momentum", o.optimizer.momentum);
  command.option("--weight-decay", o.optimizer.weight_decay);
  command.flag("--decay-all", words.decay_all);
  command.option("--warmup-ratio", o.warmup_ratio);
  command.choice("--schedule", words.schedule, {"linear", "cosine", "constant"});
  command.option("--clip", o.clip);
  command.option("--label-smoothing", o.label_smoothing);
  command.option("--class-weights", words.class_weights);
  command.flag("--recompute", o.recompute);
  command.flag("--no-shuffle", words.no_shuffle);
}

void add_run_options(Command& command, TrainOptions& o, Words& words) {
  command.option("--valid-fraction", o.valid_fraction);
  command.option("--eval-every", o.eval_every);
  command.option("--early-stopping", o.early_stopping);
  command.option("--save-every", o.save_every);
  command.option("--keep", o.keep);
  command.flag("--resume", o.resume);
  command.flag("--json", words.json);
}

nn::ProblemType problem_named(const std::string& name) {
  if (name.starts_with("single")) return nn::ProblemType::kSingleLabel;
  if (name.starts_with("multi")) return nn::ProblemType::kMultiLabel;
  return name == "regression" ? nn::ProblemType::kRegression : nn::ProblemType::kInferred;
}

std::optional<nn::Pooling> pooling_named(const std::string& name) {
  for (const auto& [spelling, pooling] :
       {std::pair("first", nn::Pooling::kFirst), std::pair("last", nn::Pooling::kLast),
        std::pair("mean", nn::Pooling::kMean), std::pair("max", nn::Pooling::kMax)})
    if (name == spelling) return pooling;
  return std::nullopt;
}

std::vector<float> class_weights(const Command& command, std::string_view text) {
  std::vector<float> weights;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    float weight = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + comma, weight);
    if (error != std::errc() || end != text.data() + comma || !(weight >= 0))
      command.wrong_usage(format_printable("--class-weights takes balanced or numbers, not '{}'", printable(text, 40)));
    weights.push_back(weight);
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return weights;
}

// "The Power of Scale for Parameter-Efficient Prompt Tuning" (Lester et al. 2021); given options take precedence.
void apply_preset(const Command& command, Words& words, TrainOptions& o) {
  if (words.preset.empty()) return;
  if (!command.given("--method")) words.method = "prompt";
  if (!command.given("--virtual-tokens")) o.virtual_tokens = 100;
  if (!command.given("--prompt-init")) o.prompt_init = "vocab";
  if (!command.given("--learning-rate")) o.learning_rate = 0.3;
  if (!command.given("--optimizer")) words.optimizer = "adafactor";
  if (!command.given("--schedule")) words.schedule = "constant";
}

// Types of frozen weights.
void refuse_weight_types(const Command& command, const ModelOptions& model, const TrainOptions& o) {
  if (model.dtype == "f16") command.wrong_usage("--dtype f16: training computes in f32 or bf16; give one of them");
  if ((model.dtype == "q8" || model.dtype == "q4") && o.method == TrainMethod::kFull)
    command.wrong_usage(
        format_printable("--dtype {}: blocks cannot learn; use --method lora on top of them", model.dtype));
}

// Values that an adapter already has.
void refuse_other_adapter(const Command& command) {
  for (const std::string& option : command.given_of("--method"))
    command.wrong_usage(
        format_printable("{}: the model carries an adapter, which goes on as it is; leave it out, or fold it "
                         "in first with linnet merge",
                         option));
}

void read_words(const Command& command, const ModelOptions& model, const Words& words, TrainOptions& o) {
  if (words.data.empty())
    command.wrong_usage(o.resume ? "--data names no rows to learn from, and -o has no checkpoint that records them"
                                 : "--data names no rows to learn from");
  if (o.output.empty()) command.wrong_usage("-o names no folder to train into");
  o.task = task_named(words.task);
  o.method = method_named(words.method);
  o.problem = problem_named(words.problem);
  o.schedule = schedule_named(words.schedule);
  o.optimizer.kind = optimizer_named(words.optimizer);
  if (words.new_head) o.head_rule = HeadRule::kReplace;
  if (words.from_scratch) o.start = StartFrom::kScratch;
  if (words.decay_all) o.optimizer.decay = DecayRule::kAll;
  if (!words.head.empty()) o.head_kind = words.head == "mlp" ? nn::ClassifierKind::kMlp : nn::ClassifierKind::kLinear;
  o.pooling = pooling_named(words.pooling);
  o.append_eos = !words.no_eos;
  o.shuffle = !words.no_shuffle;
  o.rank_stabilised = words.rslora;
  if (words.peft_compat) o.prefix_reach = PrefixReach::kOneStack;
  o.balanced_class_weights = words.class_weights == "balanced";
  if (!o.balanced_class_weights) o.class_weights = class_weights(command, words.class_weights);
  if (command.given("--seed")) o.seed = model.seed;
  if (model.dtype == "f32") o.compute = Compute::kF32;
  if (model.dtype == "bf16") o.compute = Compute::kBF16;
  refuse_weight_types(command, model, o);
}

ReadOptions data_options(const Command& command, const TrainOptions& o, const Words& words) {
  ReadOptions read = read_options(command, words.rows);
  read.empty_lines = EmptyLines::kDropped;
  if (o.problem == nn::ProblemType::kRegression) read.label_kind = LabelKind::kValue;
  if (o.problem == nn::ProblemType::kMultiLabel) read.label_kind = LabelKind::kMulti;
  if (o.problem == nn::ProblemType::kSingleLabel) read.label_kind = LabelKind::kClass;
  return read;
}

// Prints the bar, the lines on stderr and the JSON lines on stdout.
class Reporter {
 public:
  Reporter(const Trainer& trainer, bool json) : plan_(trainer.plan()), json_(json) {}

  void show_plan() {
    Table rows{{"plan", ""}};
    for (const auto& [what, value] : plan_.facts()) rows.push_back({printable(what), printable(value, 400)});
    print_note(format_table(rows));
    print_note(shown_lines(plan_.data.text()));
  }

  TrainHooks hooks() {
    return {.on_step = [this](const StepRecord& record) { step(record); },
            .on_eval = [this](const EvalRecord& record) { evaluated(record); },
            .on_note = [](const std::string& text) { print_note(format_printable("{}", text)); },
            .on_warning = [](const std::string& text) { warn("{}", text); },
            .on_progress = [this](const std::string& what, std::int64_t done,
                                  std::int64_t total) { progress(what, done, total); },
            .stop = [this] { return ended_ != nullptr || PoliteInterrupt::asked(); }};
  }

  // Rethrows the error of standard output during the run, after a checkpoint is saved.
  void rethrow() const {
    if (ended_ != nullptr) std::rethrow_exception(ended_);
  }

  void finish(const TrainSummary& summary) {
    training_.reset();
    phase_.reset();
    if (json_) return print_json({{"summary", summary.json()}});
    Table rows{{"result", ""}};
    const Json json = summary.json();
    for (const auto& [name, value] : json.items())
      if (value.is_number()) rows.push_back({printable(name), format_printable("{:.5g}", value.get<double>())});
    print_result(format_table(rows).text());
    for (std::size_t i = 0; i < summary.nearest_tokens.size(); ++i)
      print_result(format_printable("prompt row {}: nearest to {}\n", i,
                                    printable(format_printable("{}", fmt::join(summary.nearest_tokens[i], " ")))));
  }

 private:
  void step(const StepRecord& record) {
    print_line(record.json());
    phase_.reset();
    if (!training_) {  // it stays during evaluations, whose time counts for the remaining time
      training_.emplace("training", plan_.steps, "steps");
      training_->start_at(record.step);
    }
    training_->set_note(format_printable("loss {:.4f}, lr {:.2e}, {:.0f} tokens/s", record.loss, record.learning_rate,
                                         record.tokens_per_s));
    training_->set(record.step);
  }

  // A closed pipe must not lose the training so far: the trainer stops and saves a checkpoint.
  void print_line(const Json& line) {
    if (!json_ || ended_ != nullptr) return;
    try {
      print_json(line);
    } catch (...) {
      ended_ = std::current_exception();
    }
  }

  void evaluated(const EvalRecord& record) {
    if (json_) return print_line(record.json());
    Printable line = format_printable("step {}:", record.step);
    for (const auto& [name, value] : record.metrics) line += format_printable(" {} {:.4f}", name, value);
    print_note(line);
  }

  void progress(const std::string& what, std::int64_t done, std::int64_t total) {
    if (!phase_ || done <= last_) phase_.emplace(printable(what), total, "rows");
    last_ = done;
    phase_->set(done);
  }

  const TrainPlan& plan_;
  bool json_;
  std::int64_t last_ = 0;                     // number of processed rows
  std::exception_ptr ended_;                  // why no more is written to standard output
  std::optional<Progress> training_, phase_;  // phase_: reading rows, validating
};

TrainSummary run(Trainer& trainer, Reporter& reporter) {
  try {
    return trainer.run(reporter.hooks());
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::kInterrupted) reporter.rethrow();
    throw;
  }
}

// The command line of the verb.
struct TrainCommand {
  TrainCommand() {
    command.example("linnet train -m all-MiniLM-L6-v2 --data reviews.jsonl -o reviews-model");
    command.example("linnet train --data snippets.csv --method lora --epochs 5 -o snippets-adapter");
    command.example("linnet train --resume -o snippets-adapter");
    add_model_options(command, model);
    add_task_options(command, options, words);
    add_method_options(command, options, words);
    add_step_options(command, options, words);
    add_run_options(command, options, words);
  }
  Command command{"train", "fine-tunes a model on rows of text"};
  ModelOptions model;
  TrainOptions options;
  Words words;
};

// Parses the options; a resumed run has those of its checkpoint, except given ones. `file`: their file, if all are from
// it.
std::unique_ptr<TrainCommand> parse_train(Arguments arguments, std::string& file) {
  auto asked = std::make_unique<TrainCommand>();
  asked->command.parse(arguments);
  if (!asked->options.resume || asked->options.output.empty()) return asked;
  const auto folder = newest_checkpoint(asked->options.output, BrokenOnes::kSkipped);
  if (!folder) return asked;
  const std::string state = state_file(*folder).string();
  const auto all = resumed_arguments(asked->command, arguments, recorded_options(*folder), state);
  std::vector<const char*> pointers;
  for (const std::string& argument : all) pointers.push_back(argument.c_str());
  if (only_resumes(asked->command)) file = state;
  asked = std::make_unique<TrainCommand>();
  asked->command.blame_file(state);  // given options were parsed before
  asked->command.parse(pointers);
  asked->command.blame_file(file);
  return asked;
}

struct PreparedRun {
  Loaded loaded;
  std::unique_ptr<Trainer> trainer;
};

PreparedRun prepare_run(TrainCommand& asked) {
  auto& [command, model, options, words] = asked;
  apply_preset(command, words, options);
  read_words(command, model, words, options);
  options.recorded = options_to_record(command);
  options.measure_command = "linnet classify -m FOLDER --input ROWS.jsonl";
  DatasetSplits splits = read_splits(words.data, data_options(command, options, words));
  const PretrainedFiles files = find_model(command, model);
  if (files.adapter) refuse_other_adapter(command);
  const models::LoadOptions load = prepare(files.config(), splits, options);
  if (options.compute == Compute::kBF16) model.dtype = "auto";  // products are bf16; weights keep the type of the file
  PreparedRun run{load_pretrained(command, model, files, load), nullptr};
  run.trainer = std::make_unique<Trainer>(run.loaded, std::move(splits), options);
  if (!options.resume) {
    command.decide("--task", task_name(run.trainer->options().task));
    command.decide("--method", method_name(run.trainer->options().method));
  }
  return run;
}

}  // namespace

void run_train(Arguments arguments) {
  std::string file;
  const std::unique_ptr<TrainCommand> asked = parse_train(arguments, file);
  std::optional<PreparedRun> prepared;
  blame(file, [&] { prepared.emplace(prepare_run(*asked)); });
  Trainer& trainer = *prepared->trainer;
  Reporter reporter(trainer, asked->words.json);
  reporter.show_plan();
  const PoliteInterrupt polite;
  reporter.finish(run(trainer, reporter));
}

}  // namespace linnet::app
