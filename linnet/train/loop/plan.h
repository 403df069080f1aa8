// The plan of a run: its steps and memory, before it starts.
//
//   TrainPlan plan = trainer.plan();
//   for (const auto& [what, value] : plan.facts()) fmt::print("{:12} {}\n", what, value);
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "linnet/data/report.h"
#include "linnet/data/sampler.h"
#include "linnet/train/loop/learner.h"
#include "linnet/train/optimizer/optimizer.h"

namespace linnet {

struct MemoryPlan {
  std::uint64_t weights = 0;  // as loaded
  std::uint64_t packed = 0;   // packed copies of frozen weights, created in the first step
  std::uint64_t gradients = 0, optimizer = 0, activations = 0;
  std::uint64_t spare = 0;      // freed by one batch, cached for the next one of its size
  std::uint64_t saving = 0;     // the model in the format of its folder, if that differs from memory
  std::uint64_t available = 0;  // memory that the process could still allocate when measured
  std::uint64_t total() const { return weights + needed(); }
  // Memory that is not allocated yet.
  std::uint64_t needed() const { return packed + std::max(gradients + optimizer + activations + spare, saving); }
};

struct StepSize {
  std::int64_t rows = 0;  // tokens of the largest micro-batch
  TrunkUse trunk = TrunkUse::kLearns;
  std::int64_t adapter_inputs = 0;  // values per row, over all layers, that products of adapters keep
  std::int64_t prefix_rows = 0;     // learned keys and values before the texts of a batch
  bool recompute = false;
  bool reads_words = false;  // logits over the vocabulary
  bool varies = false;       // batches differ in their number of tokens
};

struct TrainPlan {
  const TrainTask* task = nullptr;
  TrainMethod method = TrainMethod::kAuto;
  Precision precision = Precision::kF32;
  std::int64_t parameters = 0, trained = 0;
  std::int64_t rows = 0, valid_rows = 0, tokens = 0;  // examples, and their tokens, of an epoch
  std::int64_t steps = 0, steps_an_epoch = 0, epochs = 0, warmup_steps = 0;
  // Tokens that go through the model together, unless a row is longer; a larger batch is the sum of such micro-batches.
  std::int64_t micro_batch_tokens = 0;
  double learning_rate = 0;
  std::vector<std::string> labels;
  std::string label_meaning;  // interpretation of the file's labels
  std::vector<std::string> unused_columns;
  MemoryPlan memory;
  DataReport data;
  std::vector<std::string> warnings;

  std::vector<std::pair<std::string, std::string>> facts() const;  // name, value: the printed table
};

// Maximum bytes of a step: activations for the backward pass, and temporaries of one layer.
std::uint64_t activation_bytes(const nn::TransformerConfig& config, const StepSize& step);
// `step.trunk` and `step.adapter_inputs` follow from the learner.
MemoryPlan plan_memory(const Learner& learner, const Optimizer& optimizer, StepSize step);

// The sampler's part of a run's options.
SamplerOptions sampler_options(const TrainOptions& options);
struct PlanInput {
  const TrainOptions& options;
  const DatasetSplits& splits;
  const Learner& learner;
  const Optimizer& optimizer;
  const Objective& train;
  const Objective* valid;  // null: no validation
};
TrainPlan plan_run(const PlanInput& input);
// kRuntime with both numbers and advice if the plan does not fit.
void check_memory(const MemoryPlan& memory, const TrainOptions& options);

}  // namespace linnet
