// Where a run stands, and checkpoints that bring it back there bit for bit.
//
//   save_checkpoint({options.output, learner, *optimizer, facts, identity}, state);
//   RunState state = load_checkpoint(folder, learner, *optimizer, identity);
//
// A checkpoint folder holds the trained weights, optimizer.safetensors, trainer_state.json (Transformers' layout) and
// linnet_state.json; what is random has no state of its own (base/rng.h).
#pragma once

#include <filesystem>

#include "linnet/data/sampler.h"
#include "linnet/train/history.h"
#include "linnet/train/learner.h"
#include "linnet/train/objective.h"
#include "linnet/train/optimizer.h"

namespace linnet {

struct RunState {
  std::int64_t step = 0;                                   // updates made
  SamplerState data;                                       // the next batch
  std::int64_t best_step = 0, evaluations_since_best = 0;  // best_step 0: none yet
  double best_metric = 0;
  bool unjudged = false;  // stopped in the evaluation that this step asks for: it comes first
  History history;
};

// What must be the same for a run to be the same run: options, configuration, weights to start from, vocabulary, data.
// One flat object; asked before the first step.
Json run_identity(const TrainOptions& options, const Learner& learner, const EncodedSet& train,
                  const EncodedSet* valid);

struct CheckpointParts {
  const std::filesystem::path& output;
  const Learner& learner;
  const Optimizer& optimizer;
  const RunFacts& facts;
  const Json& identity;
};
void save_checkpoint(const CheckpointParts& parts, const RunState& state);
// kBadInput listing what differs when the checkpoint is of another run.
RunState load_checkpoint(const std::filesystem::path& folder, Learner& learner, Optimizer& optimizer,
                         const Json& identity);

}  // namespace linnet
