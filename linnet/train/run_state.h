// Where a run is, and checkpoints that bring it back there bit for bit.
//
//   save_checkpoint({options, learner, *optimizer, facts, identity}, state);
//   RunState state = load_checkpoint(folder, learner, *optimizer, run);
//
// A checkpoint folder holds the trained weights, optimizer.safetensors, trainer_state.json (Transformers' layout) and
// linnet_state.json. What follows from the step and its history is not saved but worked out again: the next batch, the
// best evaluation, what is due. What is random has no state of its own (base/rng.h).
#pragma once

#include <filesystem>

#include "linnet/data/sampler.h"
#include "linnet/train/history.h"
#include "linnet/train/learner.h"
#include "linnet/train/optimizer.h"

namespace linnet {

struct RunState {
  std::int64_t step = 0;  // updates made
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

// What a checkpoint is held against.
struct ThisRun {
  const Json& identity;    // run_identity.h
  const Sampler& sampler;  // of the training rows
  const BestRule& best;
  std::int64_t grad_accumulation = 1, steps = 0;  // steps: planned
};
// Every number is checked against this run before a weight is touched. kBadInput naming the file and what differs when
// the checkpoint is of another run, was changed, or the run is asked for fewer steps than it was planned with.
RunState load_checkpoint(const std::filesystem::path& folder, Learner& learner, Optimizer& optimizer,
                         const ThisRun& run);

// Steps that the run of a checkpoint was planned with.
std::int64_t planned_steps(const std::filesystem::path& folder);
// TrainOptions::recorded of the run whose checkpoint this is.
RecordedOptions recorded_options(const std::filesystem::path& folder);
// The file that both are in, for messages.
std::filesystem::path state_file(const std::filesystem::path& folder);

}  // namespace linnet
