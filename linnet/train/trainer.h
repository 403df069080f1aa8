// Fine-tuning from rows to a folder that other programs load.
//
//   TrainSummary done = train("all-MiniLM-L6-v2", "reviews.jsonl", {.output = "out"});   // one line
//
//   DatasetSplits splits = read_splits("reviews.jsonl");                                 // or step by step
//   const PretrainedFiles files = pretrained_files(path);
//   Loaded loaded = load_pretrained(files, prepare(files.config(), splits, options));
//   Trainer trainer(loaded, std::move(splits), options);
//   for (const auto& [what, value] : trainer.plan().facts()) fmt::print("{}: {}\n", what, value);
//   TrainSummary done = trainer.run({.on_step = show});
//
// All randomness depends on (seed, step), so a resumed run ends with the same bits as an uninterrupted one, on the same
// number of threads. `output` has the model or adapter, checkpoints, train_log.jsonl, report.html, README.md and
// TensorBoard events in runs/.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "linnet/adapt/loaded.h"
#include "linnet/data/dataset.h"
#include "linnet/train/loop/collective.h"
#include "linnet/train/loop/plan.h"
#include "linnet/train/prepare.h"
#include "linnet/train/report/history.h"
#include "linnet/train/tasks/task.h"

namespace linnet {

struct TrainHooks {
  std::function<void(const StepRecord&)> on_step = {};
  std::function<void(const EvalRecord&)> on_eval = {};
  std::function<void(const std::string&)> on_note = {};  // a sentence for the user: resumed, saved, stopped early
  std::function<void(const std::string&)> on_warning = {};
  // Progress of work other than steps: name, done, total.
  std::function<void(const std::string&, std::int64_t, std::int64_t)> on_progress = {};
  // Called after every step and every batch of an evaluation or of a frozen base model. If true, a checkpoint is saved
  // and run() fails with kInterrupted.
  std::function<bool()> stop = {};
};

struct TrainSummary {
  std::int64_t steps = 0, best_step = 0;  // best_step 0: no validation
  double epochs = 0, train_loss = 0;      // mean loss of the steps of the last epoch
  double seconds = 0;                     // of this process
  std::map<std::string, double> metrics;  // "eval_…" of the saved weights, "test_…" if there is a test set
  std::vector<std::vector<std::string>> nearest_tokens;  // for each row of a soft prompt
  Json json() const;
};

class Trainer {
 public:
  // `options` of prepare(). Continues with the adapter of `loaded`, if any, which the trainer takes; the model must
  // outlive it. Encodes the rows; kBadInput with file:line, kRuntime if memory does not suffice.
  Trainer(Loaded& loaded, DatasetSplits splits, TrainOptions options);
  ~Trainer();
  Trainer(const Trainer&) = delete;
  Trainer& operator=(const Trainer&) = delete;

  const TrainPlan& plan() const;
  const TrainOptions& options() const;  // with all defaults set
  const Learner& learner() const;
  // `collective`: the other ranks; null: a single rank.
  TrainSummary run(const TrainHooks& hooks = {}, Collective* collective = nullptr);

 private:
  class Run;
  std::unique_ptr<Run> run_;
};

// Reads data and model (or an adapter, which is continued), trains, saves.
TrainSummary train(const std::filesystem::path& model, const std::filesystem::path& data, TrainOptions options,
                   const TrainHooks& hooks = {});

}  // namespace linnet
