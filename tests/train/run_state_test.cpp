#include "linnet/train/run_state.h"

#include <gtest/gtest.h>

#include "linnet/base/error.h"
#include "linnet/train/checkpointing.h"
#include "tests/train/tiny_run.h"

namespace linnet {
namespace {

// The same learner as the first run's, from the same seed.
struct Fresh {
  explicit Fresh(TrainOptions asked)
      : options(std::move(asked)),
        splits{parse_dataset(labelled_rows(16), "jsonl", "rows.jsonl"), {}, {}},
        loaded(models::load_pretrained(folder(), prepare(models::Model::read_config(folder()), splits, options))),
        learner(*loaded.model, loaded.tokenizer, nullptr, options),
        optimizer(make_optimizer(learner.trained(), options.optimizer)) {}
  static std::filesystem::path folder() { return fixtures() / "llama/classifier"; }
  TrainOptions options;
  DatasetSplits splits;
  models::Pretrained loaded;
  Learner learner;
  std::unique_ptr<Optimizer> optimizer;
};

// Every method and optimiser comes back from its checkpoint as it was.
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
      const RunState state = load_checkpoint(folder, second.learner, *second.optimizer, identity);
      EXPECT_EQ(state.step, last);
      EXPECT_EQ(static_cast<std::int64_t>(state.history.steps.size()), last);
      const CheckpointFolder copy(scratch.path() / "copy", 1);
      second.learner.save_trained(copy.path());
      for (const auto& entry : std::filesystem::directory_iterator(copy.path()))
        EXPECT_EQ(hash_of(entry.path()), hash_of(folder / entry.path().filename())) << entry.path();
    }
}

TEST(RunState, WhatDiffersIsSaid) {
  const Scratch scratch;
  TrainOptions options = tiny_options(scratch.path() / "out");
  TinyRun run("llama/classifier", labelled_rows(16), options);
  run.trainer->run();
  Fresh second(options);
  const auto folder = *newest_checkpoint(options.output);
  Json identity = read_json(folder / "linnet_state.json")["identity"];
  identity["seed"] = 43;
  try {
    load_checkpoint(folder, second.learner, *second.optimizer, identity);
    FAIL() << "was taken";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kBadInput);
    EXPECT_NE(std::string(error.what()).find("seed was 42, is 43;"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace linnet
