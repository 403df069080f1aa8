// Training on a device whose memory only kernels touch: the losses and weights of the same kernels on the CPU's memory,
// bit for bit.
#include "tests/quarantine.h"

#include <gtest/gtest.h>

#include "tests/train/tiny_run.h"

namespace linnet {
namespace {

struct Case {
  const char *name, *fixture;
  TrainOptions options;
};

TrainOptions method(TrainMethod method) {
  TrainOptions options = tiny_options();
  options.method = method;
  options.max_steps = 10;
  options.lora_dropout = 0.1;
  options.virtual_tokens = 3;
  return options;
}
TrainOptions optimizer(OptimizerKind kind) {
  TrainOptions options = method(TrainMethod::kFull);
  options.optimizer.kind = kind;
  options.optimizer.scale_parameter = true;
  return options;
}
TrainOptions recompute() {
  TrainOptions options = method(TrainMethod::kFull);
  options.recompute = true;
  options.grad_accumulation = 2;
  return options;
}

class OnQuarantine : public ::testing::TestWithParam<Case> {};

TEST_P(OnQuarantine, TenStepsAreTheSame) {
  const auto reference = make_reference_backend();
  const BackendGuard guard(*reference);
  const auto trained = [&](Device device) {
    TinyRun run(GetParam().fixture, labelled_rows(24), GetParam().options, device);
    std::vector<double> losses;
    run.trainer->run({.on_step = [&](const StepRecord& r) { losses.push_back(r.loss); }});
    return std::pair(losses, run.scores("w10 w11 w30"));
  };
  const auto here = trained(kCpu), there = trained(quarantine());
  EXPECT_EQ(here.first.size(), 10u);
  EXPECT_EQ(there.first, here.first);
  EXPECT_EQ(there.second, here.second);
}

INSTANTIATE_TEST_SUITE_P(Methods, OnQuarantine,
                         ::testing::Values(Case{"AdamW", "bert/classifier", optimizer(OptimizerKind::kAdamW)},
                                           Case{"Sgd", "gpt2/causal", optimizer(OptimizerKind::kSgd)},
                                           Case{"Adafactor", "bloom/causal", optimizer(OptimizerKind::kAdafactor)},
                                           Case{"Recompute", "llama/causal", recompute()},
                                           Case{"Head", "bert/classifier", method(TrainMethod::kHead)},
                                           Case{"Lora", "llama/causal", method(TrainMethod::kLora)},
                                           Case{"LoraInOut", "gpt2/causal", method(TrainMethod::kLora)},
                                           Case{"LoraEncoder", "bert/classifier", method(TrainMethod::kLora)},
                                           Case{"Prompt", "bloom/causal", method(TrainMethod::kPrompt)},
                                           Case{"Prefix", "llama/causal", method(TrainMethod::kPrefix)},
                                           Case{"Masked", "bert/masked", method(TrainMethod::kFull)}),
                         [](const auto& one) { return one.param.name; });

// The folder of a run on the device has the bits of one on the CPU's memory, also if it was interrupted and resumed.
TEST(QuarantinedRun, SavesAndResumes) {
  const auto reference = make_reference_backend();
  const BackendGuard guard(*reference);
  const Scratch scratch;
  const auto run_to = [&](Device device, const char* name, std::int64_t last_step, bool resume) {
    TrainOptions options = tiny_options(scratch.path() / name);
    options.max_steps = 10;
    options.resume = resume;
    TinyRun run("bert/classifier", labelled_rows(24), options, device);
    std::int64_t step = 0;
    run.trainer->run(
        {.on_step = [&](const StepRecord& r) { step = r.step; }, .stop = [&] { return step == last_step; }});
    return hash_of(options.output / "model.safetensors");
  };
  const std::string whole = run_to(kCpu, "here", -1, false);
  EXPECT_THROW(run_to(quarantine(), "there", 5, false), Error);
  EXPECT_EQ(run_to(quarantine(), "there", -1, true), whole);
}

}  // namespace
}  // namespace linnet
