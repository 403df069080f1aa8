#include "linnet/train/plan.h"

#include <gtest/gtest.h>

#include "linnet/base/error.h"
#include "linnet/ops/autograd.h"
#include "tests/train/tiny_run.h"

namespace linnet {
namespace {

TEST(Plan, CountsWhatTrains) {
  TrainOptions options = tiny_options();
  options.method = TrainMethod::kLora;
  options.lora_rank = 2;
  TinyRun run("llama/causal", plain_rows(12), options);
  const TrainPlan& plan = run.trainer->plan();
  // q and v of two layers: 24 -> 24 and 24 -> 12.
  EXPECT_EQ(plan.trained, 2 * (2 * (24 + 24) + 2 * (24 + 12)));
  EXPECT_EQ(plan.parameters, run.loaded.model->parameter_count() + plan.trained);
  EXPECT_EQ(plan.memory.gradients, static_cast<std::uint64_t>(plan.trained) * 4);
  EXPECT_EQ(plan.memory.optimizer, static_cast<std::uint64_t>(plan.trained) * 8);
  EXPECT_EQ(plan.learning_rate, 1e-3);
  EXPECT_EQ(plan.rows, 9);
  EXPECT_EQ(plan.valid_rows, 3);
}

TEST(Plan, TooLittleMemoryIsRefusedWithAdvice) {
  const MemoryPlan plan{.weights = 1,
                        .gradients = 3'000'000'000,
                        .optimizer = 6'000'000'000,
                        .activations = 500'000'000,
                        .available = 2'000'000'000};
  try {
    check_memory(plan, {.method = TrainMethod::kFull});
    FAIL() << "was taken";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kRuntime);
    const std::string text = error.what();
    for (const char* part : {"9.5 GB", "2.0 GB", "--method lora", "--recompute", "--batch-size"})
      EXPECT_NE(text.find(part), std::string::npos) << text;
  }
  check_memory({.gradients = 1, .available = 2}, {});
}

// The estimate of what a step keeps is of the size that a step really takes.
TEST(Plan, ActivationsAreEstimatedWithinAFactor) {
  for (const bool again : {false, true}) {
    TrainOptions options = tiny_options();
    options.recompute = again;
    options.batch_size = 16;
    options.valid_fraction = 0;
    TinyRun run("llama/causal", plain_rows(16), options);
    const Learner& learner = run.trainer->learner();
    TrainBatch batch;
    for (int s = 0; s < 64; ++s) batch.packed.add(std::vector<std::int32_t>(32, 5));
    const GradGuard on(true);
    const std::size_t before = memory_use().live;
    const Tensor hidden = learner.forward(batch);
    const auto kept = static_cast<double>(memory_use().live - before);
    const auto planned =
        static_cast<double>(activation_bytes(run.loaded.model->config(), batch.packed.rows(), again, false));
    EXPECT_GT(planned, 0.7 * kept) << again;
    EXPECT_LT(planned, 3 * kept + 2e6) << again;
  }
}

}  // namespace
}  // namespace linnet
