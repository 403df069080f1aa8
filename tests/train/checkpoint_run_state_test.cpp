#include <gtest/gtest.h>

#include "linnet/adapt/loaded.h"
#include "linnet/base/error.h"
#include "linnet/data/sampler.h"
#include "linnet/train/checkpoint/checkpointing.h"
#include "linnet/train/checkpoint/run_state.h"
#include "tests/train/tiny_run.h"

namespace linnet {
namespace {

// The same learner as the first run's, from the same seed.
struct Fresh {
  explicit Fresh(TrainOptions asked)
      : options(std::move(asked)),
        splits{parse_dataset(labelled_rows(16), "jsonl", "rows.jsonl"), {}, {}},
        loaded(load_pretrained(folder(), prepare(models::ModelFiles(folder()).config(), splits, options))),
        learner(*loaded.model, loaded.tokenizer(), nullptr, options),
        optimizer(make_optimizer(learner.trained(), options.optimizer)) {}
  RunState load(const std::filesystem::path& at, const Json& identity) {
    // 16 rows, a quarter held out: three batches of four per epoch.
    const Sampler sampler(std::vector<std::int64_t>(12, 5), {.batch_rows = options.batch_size});
    const BestRule rule{"eval_accuracy", true};
    return load_checkpoint(at, learner, *optimizer, {identity, sampler, rule, 1, 3 * options.epochs});
  }
  static std::filesystem::path folder() { return fixtures() / "llama/classifier"; }
  TrainOptions options;
  DatasetSplits splits;
  Loaded loaded;
  Learner learner;
  std::unique_ptr<Optimizer> optimizer;
};

// Every method and optimiser is restored from its checkpoint.
TEST(RunState, ComesBackWhole) {
  for (const TrainMethod method :
       {TrainMethod::kFull, TrainMethod::kHead, TrainMethod::kLora, TrainMethod::kPrompt, TrainMethod::kPrefix})
    for (const OptimizerKind kind : {OptimizerKind::kAdamW, OptimizerKind::kSgd, OptimizerKind::kAdafactor}) {
      const Scratch scratch;
      TrainOptions options = tiny_options(scratch.path() / "out");
      options.method = method;
      options.optimizer.kind = kind;
      options.virtual_tokens = 2;
      options.prefix_projection = true;
      options.keep = 0;
      TinyRun first("llama/classifier", labelled_rows(16), options);
      first.trainer->run();
      const std::int64_t last = checkpoint_steps(options.output).back();
      const auto folder = checkpoint_path(options.output, last);
      Fresh second(options);
      const Json identity = read_json(folder / "linnet_state.json")["identity"];
      const RunState state = second.load(folder, identity);
      EXPECT_EQ(state.step, last);
      EXPECT_EQ(static_cast<std::int64_t>(state.history.steps.size()), last);
      const CheckpointFolder copy(scratch.path() / "copy", 1);
      second.learner.save_trained(copy.path());
      for (const auto& entry : std::filesystem::directory_iterator(copy.path()))
        EXPECT_EQ(hash_of(entry.path()), hash_of(folder / entry.path().filename())) << entry.path();
    }
}

// The error names the difference, with both values.
TEST(RunState, WhatDiffersIsSaid) {
  const Scratch scratch;
  TrainOptions options = tiny_options(scratch.path() / "out");
  TinyRun run("llama/classifier", labelled_rows(16), options);
  run.trainer->run();
  const auto folder = *newest_checkpoint(options.output);
  const Json same = read_json(folder / "linnet_state.json")["identity"];
  const auto message = [&](const Json& identity) {
    Fresh second(options);
    return refusal([&] { second.load(folder, identity); });
  };
  Json other = same;
  other["options"]["seed"] = 43;
  EXPECT_NE(message(other).find("seed was 42, is 43;"), std::string::npos) << message(other);
  other = same;
  other["config"]["rope_theta"] = 5.5;
  EXPECT_NE(message(other).find("config.json rope_theta was "), std::string::npos) << message(other);
  other = same;
  other["weights"]["layers.0.ffn.up.weight"] = "F32 [1, 1] 00";
  EXPECT_NE(message(other).find("the model's weight layers.0.ffn.up.weight was "), std::string::npos) << message(other);
}

// Options of the command line are restored.
TEST(RunState, RecordedOptionsComeBack) {
  const Scratch scratch;
  TrainOptions options = tiny_options(scratch.path() / "out");
  options.recorded = {{"--freeze", {"a,b", "\x1b"}}, {"--epochs", {"3"}}};
  TinyRun run("llama/classifier", labelled_rows(16), options);
  run.trainer->run();
  const auto folder = *newest_checkpoint(options.output);
  EXPECT_EQ(recorded_options(folder), options.recorded);
  EXPECT_EQ(planned_steps(folder), 9);
  Json state = read_json(state_file(folder));
  state["recorded"]["--epochs"] = 3;
  write_file(state_file(folder), dump_json(state));
  EXPECT_NE(refusal([&] { recorded_options(folder); }).find("--epochs"), std::string::npos);
}

}  // namespace
}  // namespace linnet
