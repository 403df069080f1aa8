// The state of a run, and checkpoints that restore it exactly.
//
//   save_checkpoint({options, learner, *optimizer, facts, identity}, state);
//   RunState state = load_checkpoint(folder, learner, *optimizer, run);
//
// A checkpoint folder has the trained weights, optimizer.safetensors, trainer_state.json (Transformers' layout) and
// linnet_state.json. Values that follow from the step and the history are recomputed: the next batch, the best
// evaluation, what is due. Random numbers have no state (base/rng.h).
#pragma once

#include <filesystem>

#include "linnet/data/sampler.h"
#include "linnet/train/loop/learner.h"
#include "linnet/train/optimizer/optimizer.h"
#include "linnet/train/report/history.h"

namespace linnet {

struct RunState {
  std::int64_t step = 0;  // number of updates
  SamplerState data;      // the next batch
  BestSoFar best;
  History history;
};

struct CheckpointParts {
  const TrainOptions& options;
  const Learner& learner;
  const Optimizer& optimizer;
  const RunFacts& facts;
  const Json& identity;
};
void save_checkpoint(const CheckpointParts& parts, const RunState& state);

// The run that a checkpoint must match.
struct ThisRun {
  const Json& identity;    // run_identity.h
  const Sampler& sampler;  // of the training rows
  const BestRule& best;
  std::int64_t grad_accumulation = 1, steps = 0;  // steps: planned
};
// Checks every value against this run before it changes a weight. kBadInput naming the file and the difference if the
// checkpoint is of another run, was modified, or the run has fewer steps than planned before.
RunState load_checkpoint(const std::filesystem::path& folder, Learner& learner, Optimizer& optimizer,
                         const ThisRun& run);

// Planned steps of a checkpoint's run.
std::int64_t planned_steps(const std::filesystem::path& folder);
// TrainOptions::recorded of a checkpoint's run.
RecordedOptions recorded_options(const std::filesystem::path& folder);
// The file of both, for messages.
std::filesystem::path state_file(const std::filesystem::path& folder);

}  // namespace linnet
