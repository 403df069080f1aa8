#include "linnet/train/trainer.h"

#include <chrono>
#include <cmath>

#include "linnet/base/error.h"
#include "linnet/base/file.h"
#include "linnet/train/checkpoint/checkpointing.h"
#include "linnet/train/checkpoint/output_folder.h"
#include "linnet/train/checkpoint/run_identity.h"
#include "linnet/train/checkpoint/run_state.h"
#include "linnet/train/encode/targets.h"
#include "linnet/train/loop/evaluation.h"
#include "linnet/train/loop/watch.h"
#include "linnet/train/report/event_file.h"
#include "linnet/train/report/final_folder.h"

namespace linnet {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

}  // namespace

Json TrainSummary::json() const {
  Json json{{"steps", steps}, {"epochs", epochs}, {"train_loss", train_loss}, {"seconds", seconds}};
  if (best_step > 0) json["best_step"] = best_step;
  for (const auto& [name, value] : metrics) json[name] = std::isfinite(value) ? Json(value) : Json(nullptr);
  if (!nearest_tokens.empty()) json["nearest_tokens"] = nearest_tokens;
  return json;
}

class Trainer::Run {
 public:
  Run(models::Model& model, const Tokenizer& tokenizer, DatasetSplits splits, TrainOptions options,
      std::unique_ptr<Adapter> adapter);
  TrainSummary run(const TrainHooks& hooks, Collective* collective);

  const TrainPlan& plan() const { return plan_; }
  const TrainOptions& options() const { return options_; }
  const Learner& learner() const { return learner_; }

 private:
  // One split, for training or evaluation.
  struct Set {
    std::unique_ptr<Objective> objective;
    std::unique_ptr<FeatureCache> cache;
  };
  // Rows of a step that go through the model together: piece `piece` of its batch `number`.
  struct MicroBatch {
    TrainBatch batch;
    std::uint64_t number, piece;
  };
  Set encode(const Dataset& data);
  void warn_of_targets(const Set& set, const Dataset* data);
  std::optional<Dataset> judgeable(std::optional<Dataset> data, Set& set, const char* what);
  std::unique_ptr<OutputFolder> open_output();
  void resume();
  void loop();
  void after_step();
  void stop_if_asked();
  std::vector<MicroBatch> next_batches();
  StepRecord update(std::vector<MicroBatch>& parts);
  double back_propagate(std::vector<MicroBatch>& parts);
  void refuse_not_finite(double loss, double norm, const std::vector<MicroBatch>& parts) const;
  void refuse_useless_weights() const;
  std::string kept() const;
  bool stopped_early() const {
    return options_.early_stopping > 0 && state_.best.evaluations_since >= options_.early_stopping;
  }
  // True if the evaluation of this step was not made: the run was stopped in it.
  bool unjudged() const {
    return valid_.objective && state_.step > 0 && due(options_.eval_every) &&
           state_.history.last_eval_step() < state_.step;
  }
  bool judge();  // true if better than all before
  Evaluation evaluate_set(const Set& set);
  void warn_of_guessing() const;
  void save();
  void judge_at_end(TrainSummary& summary);
  void finish(TrainSummary& summary);
  RunFacts facts() const;
  bool due(std::int64_t every) const;
  double epoch() const;
  void cache_features(Set& set);
  void write_step(const StepRecord& record);
  void write_eval(const EvalRecord& record);
  void note(const std::string& text) const {
    if (hooks_.on_note) hooks_.on_note(text);
  }
  void warn_user(const std::string& text) const {
    if (hooks_.on_warning) hooks_.on_warning(text);
  }

  TrainOptions options_;
  Tokenizer tokenizer_;  // a copy shares its tables
  DatasetSplits splits_;
  Learner learner_;
  Set train_, valid_, test_;
  std::unique_ptr<Optimizer> optimizer_;
  Sampler sampler_;
  BestRule best_rule_;
  TrainPlan plan_;
  Schedule schedule_;
  Json identity_;

  TrainHooks hooks_;
  OneRank one_rank_;
  Collective* collective_ = &one_rank_;
  RunState state_;
  std::unique_ptr<TrainLog> log_;
  std::unique_ptr<EventFile> events_;
  std::unique_ptr<LossWatch> watch_;
  std::optional<Evaluation> best_;     // of state_.best.step, unless that was before a resume
  std::optional<Evaluation> at_end_;   // on the test set
  std::vector<std::int64_t> lengths_;  // tokens of each training example
  TrainBatch newest_;                  // batch of the last step
  std::int64_t saved_step_ = -1;
  std::vector<std::string> warnings_;  // found before the plan exists
};

Trainer::Run::Run(models::Model& model, const Tokenizer& tokenizer, DatasetSplits splits, TrainOptions options,
                  std::unique_ptr<Adapter> adapter)
    : options_((check_output(options), std::move(options))),
      tokenizer_(tokenizer),
      splits_(std::move(splits)),
      learner_(model, tokenizer, std::move(adapter), options_),
      sampler_({}, sampler_options(options_)) {
  LINNET_ASSERT(options_.task != nullptr);
  if (!splits_.valid && options_.valid_fraction > 0) {
    splits_.valid = split_off(splits_.train, options_.valid_fraction, options_.seed);
    if (splits_.valid->examples.empty()) splits_.valid.reset();
  }
  train_ = encode(splits_.train);
  splits_.valid = judgeable(std::move(splits_.valid), valid_, "validation");
  splits_.test = judgeable(std::move(splits_.test), test_, "test");
  if (valid_.objective) {
    const auto [metric, more] = valid_.objective->best_metric();
    best_rule_ = {metric, more};
  }
  optimizer_ = make_optimizer(learner_.trained(), options_.optimizer);
  lengths_ = train_.objective->lengths();
  sampler_ = Sampler(lengths_, sampler_options(options_));
  plan_ = plan_run({options_, splits_, learner_, *optimizer_, *train_.objective, valid_.objective.get()});
  plan_.warnings.insert(plan_.warnings.end(), warnings_.begin(), warnings_.end());
  schedule_ = {options_.schedule, options_.learning_rate, plan_.warmup_steps, plan_.steps};
  check_targets(train_.objective->set(), splits_.train.file, options_);
  warn_of_targets(train_, &splits_.train);
  warn_of_targets(valid_, splits_.valid ? &*splits_.valid : nullptr);
  warn_of_targets(test_, splits_.test ? &*splits_.test : nullptr);
  identity_ = run_identity(
      {options_, learner_, train_.objective->set(), valid_.objective ? &valid_.objective->set() : nullptr});
}

// The rows, encoded into `set`, if they have any target.
std::optional<Dataset> Trainer::Run::judgeable(std::optional<Dataset> data, Set& set, const char* what) {
  if (!data) return std::nullopt;
  set = encode(*data);
  if (judges_anything(*set.objective, options_.seed)) return data;
  const std::string fact = fmt::format("{}: of these {} rows nothing is judged ({})", data->file, what,
                                       options_.task->why_not_judged(options_));
  check(options_.early_stopping == 0 || &set != &valid_, ErrorKind::kBadInput, "{}; {} needs a figure: give more rows",
        fact, option("early_stopping"));
  warnings_.push_back(fact + "; they have no metric, give more rows");
  set = {};
  return std::nullopt;
}

Trainer::Run::Set Trainer::Run::encode(const Dataset& data) {
  const models::Model& model = learner_.model();
  EncodedSet set =
      encode_examples(data, tokenizer_, model.config(), *options_.task, options_, learner_.virtual_tokens());
  return {options_.task->objective(std::move(set), model, tokenizer_, options_), nullptr};
}

void Trainer::Run::warn_of_targets(const Set& set, const Dataset* data) {
  if (data == nullptr) return;
  if (auto warning = target_warning(set.objective->set(), data->file, options_))
    plan_.warnings.push_back(std::move(*warning));
}

double Trainer::Run::epoch() const {
  const double taken =
      static_cast<double>(state_.data.position) / static_cast<double>(std::max<std::int64_t>(1, sampler_.batches()));
  return static_cast<double>(state_.data.epoch) + taken;
}

RunFacts Trainer::Run::facts() const {
  RunFacts facts{.global_step = state_.step,
                 .max_steps = plan_.steps,
                 .num_train_epochs = options_.epochs,
                 .train_batch_size = options_.batch_size,
                 .epoch = epoch()};
  if (state_.best.step > 0) {
    facts.best_metric_name = best_rule_.metric;
    facts.best_metric = state_.best.value;
    facts.best_checkpoint = checkpoint_path("", state_.best.step).string();
  }
  return facts;
}

std::unique_ptr<OutputFolder> Trainer::Run::open_output() {
  if (options_.output.empty()) return nullptr;
  auto folder = std::make_unique<OutputFolder>(options_.output);
  if (options_.resume) resume();
  log_ = std::make_unique<TrainLog>(folder->log_file(), state_.step, state_.history.last_eval_step());
  events_ = std::make_unique<EventFile>(folder->events_folder());
  return folder;
}

void Trainer::Run::resume() {
  const auto folder = newest_checkpoint(options_.output);
  if (!folder) return note(fmt::format("{}: no checkpoint to go on from; starting anew", options_.output.string()));
  state_ = load_checkpoint(*folder, learner_, *optimizer_,
                           {identity_, sampler_, best_rule_, options_.grad_accumulation, plan_.steps});
  learner_.model().set_head_trained(true);
  sampler_.seek(state_.data);
  saved_step_ = state_.step;
  note(fmt::format("going on from {} (step {} of {})", folder->string(), state_.step, plan_.steps));
  if (const std::int64_t before = planned_steps(*folder); before < plan_.steps)
    note(fmt::format("{} steps instead of {}: the learning rate follows the schedule of the new number", plan_.steps,
                     before));
}

void Trainer::Run::cache_features(Set& set) {
  if (!set.objective || !FeatureCache::fits(options_, *set.objective)) return;
  set.cache = std::make_unique<FeatureCache>(learner_, *set.objective, [this](std::int64_t done, std::int64_t total) {
    if (hooks_.on_progress) hooks_.on_progress("features", done, total);
    stop_if_asked();
  });
}

TrainSummary Trainer::Run::run(const TrainHooks& hooks, Collective* collective) {
  const auto start = Clock::now();
  hooks_ = hooks;
  if (collective != nullptr) collective_ = collective;
  check_memory(plan_.memory, options_);
  const auto folder = open_output();
  for (const std::string& warning : plan_.warnings) warn_user(warning);
  watch_ = std::make_unique<LossWatch>(train_.objective->guessing_loss(), plan_.steps_an_epoch);
  cache_features(train_);
  cache_features(valid_);
  learner_.model().pass().training = true;
  learner_.model().pass().keeps_not_finite = true;  // the loop reports the step and the last valid checkpoint
  loop();
  warn_of_guessing();
  TrainSummary summary;
  finish(summary);
  summary.seconds = seconds_since(start);
  return summary;
}

bool Trainer::Run::due(std::int64_t every) const {
  if (state_.step >= plan_.steps) return true;
  return every > 0 ? state_.step % every == 0 : state_.data.position == sampler_.batches();
}

void Trainer::Run::loop() {
  if (unjudged()) after_step();
  while (state_.step < plan_.steps && !stopped_early()) {
    std::vector<MicroBatch> parts = next_batches();
    write_step(update(parts));
    newest_ = std::move(parts.front().batch);
    after_step();
  }
  if (stopped_early())
    note(fmt::format("stopped early at step {}: {} evaluations without a better one", state_.step,
                     options_.early_stopping));
}

void Trainer::Run::after_step() {
  const bool better = valid_.objective && due(options_.eval_every) && judge();
  if (better || stopped_early() || due(options_.save_every)) save();
  stop_if_asked();
}

void Trainer::Run::stop_if_asked() {
  if (!hooks_.stop || !hooks_.stop()) return;
  check(state_.step > 0, ErrorKind::kInterrupted, "interrupted before the first step");
  save();
  fail(ErrorKind::kInterrupted, "interrupted after step {} of {}{}", state_.step, plan_.steps,
       options_.output.empty() ? Printable("")
                               : format_printable("; a checkpoint is saved, {} goes on from it", option("resume")));
}

std::vector<Trainer::Run::MicroBatch> Trainer::Run::next_batches() {
  if (sampler_.state().position >= sampler_.batches()) sampler_.start_epoch(sampler_.state().epoch + 1);
  std::vector<MicroBatch> parts;
  std::vector<std::int64_t> rows;
  const PhiloxKey key{options_.seed, static_cast<std::uint64_t>(state_.step)};
  for (std::int64_t batch = 0; batch < options_.grad_accumulation && sampler_.next(rows); ++batch) {
    std::uint64_t piece = 0;
    for (const auto part : split_tokens(rows, lengths_, plan_.micro_batch_tokens))
      parts.push_back({train_.objective->batch(part, key), static_cast<std::uint64_t>(batch), piece++});
  }
  return parts;
}

double Trainer::Run::back_propagate(std::vector<MicroBatch>& parts) {
  LossCounts counts{};
  for (const MicroBatch& part : parts)
    for (std::size_t i = 0; i < counts.size(); ++i) counts[i] += part.batch.counts[i];
  all_reduce_numbers(*collective_, counts);
  nn::Pass& pass = learner_.model().pass();
  const GradGuard on(true);
  double loss = 0;
  for (const MicroBatch& part : parts) {
    const TrainBatch& batch = part.batch;
    if (batch.counts[0] + batch.counts[1] == 0) continue;  // no target: texts of one token
    pass.step = static_cast<std::uint64_t>(state_.step * options_.grad_accumulation) + part.number;
    pass.seed = options_.seed ^ part.piece << 48;  // other dropout for each piece
    const Tensor hidden = train_.cache ? train_.cache->rows_of(batch) : learner_.forward(batch);
    const Tensor value = train_.objective->loss(learner_.model(), hidden, batch, counts);
    loss += static_cast<double>(value.item());
    backward(value);
  }
  all_reduce_gradients(*collective_, learner_.trained());
  all_reduce_numbers(*collective_, std::span(&loss, 1));
  return loss;
}

StepRecord Trainer::Run::update(std::vector<MicroBatch>& parts) {
  const auto start = Clock::now();
  std::int64_t tokens = 0;
  for (const MicroBatch& part : parts) tokens += part.batch.packed.rows() + part.batch.encoder.rows();
  optimizer_->zero_grad();
  const double loss = back_propagate(parts);
  const double norm = gradient_norm(learner_.trained());
  if (!std::isfinite(loss) || !std::isfinite(norm)) refuse_not_finite(loss, norm, parts);
  const double rate = schedule_.at(state_.step);
  optimizer_->step(static_cast<float>(rate), clip_scale(norm, options_.clip));
  learner_.model().set_head_trained(true);
  ++state_.step;
  state_.data = sampler_.state();
  return {state_.step, epoch(), loss, norm, rate, static_cast<double>(tokens) / seconds_since(start)};
}

void Trainer::Run::refuse_not_finite(double loss, double norm, const std::vector<MicroBatch>& parts) const {
  std::string tensor = first_not_finite(learner_.trained());
  if (tensor.empty()) tensor = first_not_finite(learner_.model().parameters());  // a frozen one
  if (tensor.empty()) tensor = "activations";
  std::string rows;
  const std::vector<std::int64_t>& examples = parts.front().batch.examples;
  for (std::size_t i = 0; i < examples.size() && i < 3; ++i) {
    const auto example = static_cast<std::size_t>(examples[i]);
    const auto row = static_cast<std::size_t>(train_.objective->set().rows[example]);
    rows += (rows.empty() ? "" : ", ") + splits_.train.place(row);
  }
  fail(ErrorKind::kRuntime,
       "step {}: the loss is {:g}, the gradients' norm {:g} (first not finite: {}; batch of {}, …); {}; lower {}, or "
       "look at these rows",
       state_.step + 1, loss, norm, tensor, rows, kept(), option("learning_rate"));
}

std::string Trainer::Run::kept() const {
  if (saved_step_ < 0) return "nothing was saved";
  return fmt::format("{} is the last good checkpoint", checkpoint_path(options_.output, saved_step_).string());
}

// A finite loss before an update does not imply valid weights after it, so their loss is computed.
void Trainer::Run::refuse_useless_weights() const {
  const bool judged = state_.history.last_eval_step() == state_.step && state_.step > 0;
  const double loss = judged ? 0 : batch_loss(learner_, *train_.objective, newest_, train_.cache.get());
  const std::string tensor = first_not_finite(learner_.trained());
  if (std::isfinite(loss) && tensor.empty()) return;
  fail(ErrorKind::kRuntime,
       "step {}: the weights it leaves are of no use (their loss on the step's own rows: {:g}{}); {}; lower {}",
       state_.step, std::abs(loss), tensor.empty() ? "" : "; first not finite: " + tensor, kept(),
       option("learning_rate"));
}

void Trainer::Run::write_step(const StepRecord& record) {
  state_.history.steps.push_back(record);
  if (log_) log_->write(record.json());
  if (events_) {
    events_->scalar("train/loss", record.loss, record.step);
    events_->scalar("train/learning_rate", record.learning_rate, record.step);
    events_->scalar("train/grad_norm", record.grad_norm, record.step);
    events_->scalar("train/epoch", record.epoch, record.step);
  }
  if (const auto warning = watch_->see(record.loss)) warn_user(*warning);
  if (hooks_.on_step) hooks_.on_step(record);
}

void Trainer::Run::write_eval(const EvalRecord& record) {
  state_.history.evals.push_back(record);
  if (log_) log_->write(record.json());
  for (const auto& [name, value] : record.metrics)
    if (events_ && name.find('_') == 4) events_->scalar(name.substr(0, 4) + "/" + name.substr(5), value, record.step);
  if (events_) events_->flush();
  if (hooks_.on_eval) hooks_.on_eval(record);
}

Evaluation Trainer::Run::evaluate_set(const Set& set) {
  return evaluate(learner_, *set.objective, set.cache.get(), [this] { stop_if_asked(); });
}

bool Trainer::Run::judge() {
  Evaluation found = evaluate_set(valid_);
  for (const auto& [name, value] : found.metrics)
    check(std::isfinite(value), ErrorKind::kRuntime,
          "step {}: {} of the validation rows is {:g}; {}; lower {}, or look at these rows", state_.step, name,
          std::abs(value), kept(), option("learning_rate"));
  if (saved_step_ == state_.step) saved_step_ = -1;  // that checkpoint was written before this evaluation
  const EvalRecord record{state_.step, epoch(), found.metrics};
  write_eval(record);
  if (!state_.best.see(record, best_rule_)) return false;
  best_ = std::move(found);
  return true;
}

void Trainer::Run::save() {
  if (saved_step_ == state_.step) return;
  refuse_useless_weights();
  if (options_.output.empty()) return;
  save_checkpoint({options_, learner_, *optimizer_, facts(), identity_}, state_);
  saved_step_ = state_.step;
  keep_newest(options_.output, options_.keep,
              [&](std::int64_t step) { return state_.history.best(best_rule_, step).step; });
  events_->flush();
}

void Trainer::Run::warn_of_guessing() const {
  const bool accuracy = best_rule_.metric == "eval_accuracy";
  const auto warning = accuracy ? watch_->at_end(state_.best.value, plan_.valid_rows) : watch_->at_end();
  if (warning) warn_user(*warning);
}

void Trainer::Run::judge_at_end(TrainSummary& summary) {
  if (valid_.objective && !best_) best_ = evaluate_set(valid_);
  if (best_) summary.metrics = best_->metrics;
  if (!test_.objective) return;
  at_end_ = evaluate_set(test_);
  EvalRecord record{state_.step, epoch(), {}};
  for (const auto& [name, value] : at_end_->metrics) record.metrics["test_" + name.substr(name.find('_') + 1)] = value;
  write_eval(record);
  summary.metrics.insert(record.metrics.begin(), record.metrics.end());
}

void Trainer::Run::finish(TrainSummary& summary) {
  const bool best_is_other = state_.best.step > 0 && state_.best.step != state_.step && !options_.output.empty();
  if (best_is_other) {
    learner_.load_trained(checkpoint_path(options_.output, state_.best.step));
    note(fmt::format("the weights of step {} are kept, the best by {}", state_.best.step, best_rule_.metric));
  }
  summary.steps = state_.step;
  summary.best_step = state_.best.step;
  summary.epochs = epoch();
  const auto& steps = state_.history.steps;
  const std::size_t last =
      std::min(steps.size(), static_cast<std::size_t>(std::max<std::int64_t>(1, plan_.steps_an_epoch)));
  for (std::size_t i = steps.size() - last; i < steps.size(); ++i)
    summary.train_loss += steps[i].loss / static_cast<double>(last);
  judge_at_end(summary);
  if (learner_.adapter() != nullptr && learner_.adapter()->prompt())
    for (const auto& row : nearest_tokens(learner_.adapter()->prompt(), token_table(learner_.model()), 3)) {
      auto& names = summary.nearest_tokens.emplace_back();
      for (const std::int32_t id : row) names.push_back(tokenizer_.id_to_token(id));
    }
  if (options_.output.empty()) return;
  std::optional<JudgedRows> judged;
  if (best_)
    judged.emplace(JudgedRows{"validation rows", *splits_.valid, valid_.objective->set(), best_->predictions});
  else if (at_end_)
    judged.emplace(JudgedRows{"test rows", *splits_.test, test_.objective->set(), at_end_->predictions});
  write_final_folder({learner_, options_, plan_, state_.history, summary.metrics, judged ? &*judged : nullptr,
                      summary.nearest_tokens});
  write_file(options_.output / "trainer_state.json", dump_json(state_.history.trainer_state(facts()), 2) + "\n");
}

Trainer::Trainer(Loaded& loaded, DatasetSplits splits, TrainOptions options)
    : run_(std::make_unique<Run>(*loaded.model, loaded.tokenizer(), std::move(splits), std::move(options),
                                 std::move(loaded.adapter))) {}
Trainer::~Trainer() = default;
const TrainPlan& Trainer::plan() const { return run_->plan(); }
const TrainOptions& Trainer::options() const { return run_->options(); }
const Learner& Trainer::learner() const { return run_->learner(); }
TrainSummary Trainer::run(const TrainHooks& hooks, Collective* collective) { return run_->run(hooks, collective); }

TrainSummary train(const fs::path& model, const fs::path& data, TrainOptions options, const TrainHooks& hooks) {
  DatasetSplits splits = read_splits(data);
  const PretrainedFiles files = pretrained_files(model);
  Loaded loaded = load_pretrained(files, prepare(files.config(), splits, options));
  return Trainer(loaded, std::move(splits), std::move(options)).run(hooks);
}

}  // namespace linnet
