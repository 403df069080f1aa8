// The steps and evaluations of a training run, for train_log.jsonl, trainer_state.json and report.html.
//
//   history.steps.push_back({.step = 1, .epoch = 0.1, .loss = 0.7, .grad_norm = 2.5, .learning_rate = 1e-5});
//   write_file(folder / "trainer_state.json", dump_json(history.trainer_state(run), 2));
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "linnet/base/json.h"

namespace linnet {

struct StepRecord {
  std::int64_t step = 0;
  double epoch = 0, loss = 0, grad_norm = 0, learning_rate = 0;  // grad_norm before clipping
  double tokens_per_s = 0;                                       // a timing: resuming does not repeat it
  Json json() const;                                             // a line of train_log.jsonl
};

struct EvalRecord {
  std::int64_t step = 0;
  double epoch = 0;
  std::map<std::string, double> metrics;  // "eval_loss", "eval_accuracy", …; for test rows "test_…"
  Json json() const;
};

// Fields of trainer_state.json in addition to its log, with Transformers' names.
struct RunFacts {
  std::int64_t global_step = 0, max_steps = 0, num_train_epochs = 0, train_batch_size = 0;
  double epoch = 0;
  std::string best_metric_name = {}, best_checkpoint = {};  // empty: none yet
  double best_metric = 0;
};

// The metric that decides the best evaluation.
struct BestRule {
  std::string metric = {};  // "eval_loss"; empty: the run has no validation rows
  bool more_is_better = false;
};
// The best of a sequence of evaluations.
struct BestSoFar {
  std::int64_t step = 0;  // 0: none yet
  double value = 0;
  std::int64_t evaluations_since = 0;
  // True if better than all before.
  bool see(const EvalRecord& record, const BestRule& rule);
};

struct History {
  std::vector<StepRecord> steps;
  std::vector<EvalRecord> evals;

  std::int64_t last_eval_step() const { return evals.empty() ? 0 : evals.back().step; }
  BestSoFar best(const BestRule& rule, std::int64_t until = INT64_MAX) const;  // of evaluations up to that step
  Json trainer_state(const RunFacts& facts) const;
  // The history of a run's first `steps` steps. kBadInput for a state that such a run cannot have: a missing or
  // misplaced step, a number out of range, evaluations without validation rows.
  static History from_trainer_state(const Json& state, std::int64_t steps, const BestRule& rule,
                                    std::string_view place);
};

// train_log.jsonl: one JSON object per line, appended immediately. Resuming removes steps after `last_step`,
// evaluations after `last_eval_step`, and the final results of test rows.
class TrainLog {
 public:
  TrainLog(const std::filesystem::path& file, std::int64_t last_step, std::int64_t last_eval_step);
  void write(const Json& record);

 private:
  std::filesystem::path file_;
  std::ofstream out_;
};

}  // namespace linnet
