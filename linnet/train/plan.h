// What a run will do and cost, told before it starts.
//
//   TrainPlan plan = trainer.plan();
//   for (const auto& [what, value] : plan.facts()) fmt::print("{:12} {}\n", what, value);
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "linnet/data/report.h"
#include "linnet/train/learner.h"
#include "linnet/train/optimizer.h"

namespace linnet {

struct MemoryPlan {
  std::uint64_t weights = 0, gradients = 0, optimizer = 0, activations = 0;
  std::uint64_t available = 0;  // what the process could still take when it was asked
  std::uint64_t total() const { return weights + gradients + optimizer + activations; }
  // Weights are in memory already.
  std::uint64_t needed() const { return gradients + optimizer + activations; }
};

struct TrainPlan {
  TrainTask task = TrainTask::kAuto;
  TrainMethod method = TrainMethod::kAuto;
  Precision precision = Precision::kF32;
  std::int64_t parameters = 0, trained = 0;
  std::int64_t rows = 0, valid_rows = 0, tokens = 0;  // examples, and their tokens, of an epoch
  std::int64_t steps = 0, steps_an_epoch = 0, epochs = 0, warmup_steps = 0;
  double learning_rate = 0;
  std::vector<std::string> labels;
  MemoryPlan memory;
  DataReport data;
  std::vector<std::string> warnings;

  std::vector<std::pair<std::string, std::string>> facts() const;  // name, value: the table that is shown
};

// Bytes that a step on `rows` rows of tokens keeps until its backward pass.
std::uint64_t activation_bytes(const nn::TransformerConfig& config, std::int64_t rows, bool recompute,
                               bool reads_words);
MemoryPlan plan_memory(const Learner& learner, const Optimizer& optimizer, std::int64_t most_rows, bool recompute,
                       bool reads_words);
// kRuntime with both numbers and what would help, when the plan does not fit.
void check_memory(const MemoryPlan& memory, const TrainOptions& options);

}  // namespace linnet
