#include <gtest/gtest.h>

#include <algorithm>

#include "linnet/base/error.h"
#include "linnet/ops/autograd.h"
#include "linnet/train/loop/plan.h"
#include "tests/train/tiny_run.h"

namespace linnet {
namespace {

namespace fs = std::filesystem;

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
    for (const char* part : {"9.5 GB", "2.0 GB", "method lora", "recompute", "batch_size"})
      EXPECT_NE(text.find(part), std::string::npos) << text;
  }
  check_memory({.gradients = 1, .available = 2}, {});
}

// Eight layers, so that the activations of all exceed the temporaries of one.
fs::path deep(const Scratch& scratch, const std::string& fixture, const char* layers) {
  const fs::path folder = scratch / "deep";
  fs::copy(fixtures() / fixture, folder);
  Json config = read_json(folder / "config.json");
  config[layers] = 8;
  write_file(folder / "config.json", dump_json(config));
  return folder;
}

struct Kept {
  const char* fixture;
  const char* layers;  // the field of config.json
  TrainMethod method;
  std::vector<std::string> targets = {};
  bool recompute = false;
};

class ActivationPlan : public ::testing::TestWithParam<Kept> {};

// The estimate of a step's memory is at least that of live tensors between its forward and backward pass, and not much
// more (except for the recomputed layer).
TEST_P(ActivationPlan, IsWhatAStepKeeps) {
  const Kept& p = GetParam();
  TrainOptions options = tiny_options();
  options.method = p.method;
  options.target_modules = p.targets;
  options.recompute = p.recompute;
  options.start = StartFrom::kScratch;
  options.batch_size = 64;
  options.epochs = 1;
  options.valid_fraction = 0;
  std::string rows;
  for (int i = 0; i < 64; ++i) {
    rows += R"({"text": "w5)";
    for (int word = 0; word < 30; ++word) rows += " w6";
    rows += "\"}\n";
  }
  const Scratch scratch;
  TinyRun run(deep(scratch, p.fixture, p.layers), DatasetSplits{parse_dataset(rows, "jsonl", "rows.jsonl"), {}, {}},
              options);
  TrainBatch batch;
  for (int s = 0; s < 64; ++s) batch.packed.add(std::vector<std::int32_t>(32, 5));
  const GradGuard on(true);
  run.loaded.model->pass().training = true;
  run.loaded.model->prepack();  // packed copies are not activations
  const std::size_t before = memory_use().live;
  const Tensor hidden = run.trainer->learner().forward(batch);
  const auto kept = static_cast<double>(memory_use().live - before);
  const auto planned = static_cast<double>(run.trainer->plan().memory.activations);
  EXPECT_GT(planned, 0.95 * kept);
  EXPECT_LT(planned, (p.recompute ? 4 : 1.5) * kept);
}

INSTANTIATE_TEST_SUITE_P(Methods, ActivationPlan,
                         ::testing::Values(Kept{"llama/causal", "num_hidden_layers", TrainMethod::kFull},
                                           Kept{"llama/causal", "num_hidden_layers", TrainMethod::kFull, {}, true},
                                           Kept{"llama/causal", "num_hidden_layers", TrainMethod::kLora},
                                           Kept{
                                               "llama/causal", "num_hidden_layers", TrainMethod::kLora, {"all-linear"}},
                                           Kept{"llama/causal", "num_hidden_layers", TrainMethod::kPrompt},
                                           Kept{"llama/causal", "num_hidden_layers", TrainMethod::kPrefix},
                                           Kept{"bert/masked", "num_hidden_layers", TrainMethod::kFull},
                                           Kept{"bert/masked", "num_hidden_layers", TrainMethod::kLora},
                                           Kept{"gpt2/causal", "n_layer", TrainMethod::kFull},
                                           Kept{"bloom/causal", "n_layer", TrainMethod::kFull}),
                         [](const auto& test) {
                           const Kept& p = test.param;
                           std::string name = std::string(p.fixture) + "_" + std::string(method_name(p.method));
                           if (!p.targets.empty()) name += "_all";
                           if (p.recompute) name += "_again";
                           std::replace(name.begin(), name.end(), '/', '_');
                           return name;
                         });

// Head training keeps no activations of the base model, for any number of texts.
TEST(Plan, AHeadAloneKeepsNoLayers) {
  TrainOptions options = tiny_options();
  options.method = TrainMethod::kHead;
  TinyRun head("bert/classifier", labelled_rows(60), options);
  options.method = TrainMethod::kFull;
  options.batch_size = 60;
  TinyRun full("bert/classifier", labelled_rows(60), options);
  EXPECT_LT(head.trainer->plan().memory.activations, full.trainer->plan().memory.activations / 2);
  EXPECT_GT(head.trainer->plan().memory.packed, 0U);
  EXPECT_EQ(full.trainer->plan().memory.packed, 0U);
}

}  // namespace
}  // namespace linnet
