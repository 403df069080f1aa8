#include "linnet/train/trainer.h"

#include <gtest/gtest.h>
#include <signal.h>  // NOLINT: SIGXFSZ is POSIX, not in <csignal>
#include <sys/resource.h>

#include <cmath>
#include <fstream>

#include "linnet/adapt/loaded.h"
#include "linnet/base/error.h"
#include "linnet/base/parallel.h"
#include "linnet/train/checkpoint/checkpointing.h"
#include "tests/train/tiny_run.h"
#include "tests/train/two_ranks.h"

namespace linnet {
namespace {

namespace fs = std::filesystem;

TEST(Trainer, LearnsWhatCanBeLearned) {
  TrainOptions options = tiny_options();
  options.epochs = 30;
  options.batch_size = 8;
  options.learning_rate = 5e-3;
  options.start = StartFrom::kScratch;
  TinyRun run("bloom/causal", labelled_rows(90), options);
  const TrainSummary summary = run.trainer->run();
  EXPECT_GT(summary.metrics.at("eval_accuracy"), 0.9);
  EXPECT_LT(summary.train_loss, 0.3);
}

TEST(Trainer, StepsAreCountedWithTheLastBatchOfAnEpochWhole) {
  TrainOptions options = tiny_options();
  options.valid_fraction = 0;
  options.batch_size = 4;
  options.grad_accumulation = 2;
  TinyRun run("bert/classifier", labelled_rows(18), options);  // 5 batches, 3 steps per epoch
  EXPECT_EQ(run.trainer->plan().steps_an_epoch, 3);
  EXPECT_EQ(run.trainer->plan().steps, 9);
  std::vector<StepRecord> steps;
  run.trainer->run({.on_step = [&](const StepRecord& r) { steps.push_back(r); }});
  ASSERT_EQ(steps.size(), 9u);
  EXPECT_DOUBLE_EQ(steps[2].epoch, 1);
  EXPECT_DOUBLE_EQ(steps[8].epoch, 3);
}

// The first step's loss is that of the fixture; then every weight is decayed and updated.
std::vector<double> losses_of(const std::string& fixture, const std::string& rows, TrainOptions options) {
  TinyRun run(fixture, rows, std::move(options));
  std::vector<double> losses;
  run.trainer->run({.on_step = [&](const StepRecord& r) { losses.push_back(r.loss); }});
  return losses;
}

// Losses, and so weights, are the same bits: twice the gradients, divided by twice the targets.
TEST(Trainer, TwoRanksWithTheSameRowsTrainAsOneAlone) {
  for (const char* fixture : {"llama/causal", "bert/classifier"}) {
    TrainOptions options = tiny_options();
    options.clip = 0;
    TinyRun alone(fixture, labelled_rows(16), options), both(fixture, labelled_rows(16), options);
    std::vector<double> expected, found;
    alone.trainer->run({.on_step = [&](const StepRecord& r) { expected.push_back(r.loss); }});
    TwoEqualRanks ranks;
    both.trainer->run({.on_step = [&](const StepRecord& r) { found.push_back(r.loss); }}, &ranks);
    EXPECT_EQ(found, expected) << fixture;
    EXPECT_GT(ranks.calls, 0);
    EXPECT_EQ(both.scores("w10 w11"), alone.scores("w10 w11")) << fixture;
  }
}

TEST(Trainer, ABatchIsTheSumOfItsParts) {
  for (const char* fixture : {"llama/causal", "bert/masked", "bert/classifier"}) {
    TrainOptions options = tiny_options();
    options.shuffle = false;
    options.valid_fraction = 0;
    options.mask_probability = 0.5;
    options.epochs = 2;
    options.batch_size = 8;
    const std::string rows = std::string(fixture) == "bert/classifier" ? labelled_rows(16) : plain_rows(16);
    const auto whole = losses_of(fixture, rows, options);
    const auto expect_same = [&](const std::vector<double>& parts) {
      ASSERT_EQ(whole.size(), 4u);
      ASSERT_EQ(parts.size(), 4u);
      for (std::size_t i = 0; i < 4; ++i)
        EXPECT_NEAR(parts[i], whole[i], 1e-5 * std::abs(whole[i])) << fixture << " " << i;
    };
    options.micro_batch_tokens = 20;
    expect_same(losses_of(fixture, rows, options));
    options.micro_batch_tokens = 0;
    options.batch_size = 1;
    options.grad_accumulation = 8;
    expect_same(losses_of(fixture, rows, options));
  }
}

TEST(Trainer, AFolderWithAnotherRunIsRefused) {
  const Scratch scratch;
  TrainOptions options = tiny_options(scratch.path() / "out");
  options.epochs = 1;
  TinyRun first("bert/classifier", labelled_rows(12), options);
  first.trainer->run();
  try {
    TinyRun second("bert/classifier", labelled_rows(12), options);
    FAIL() << "was not refused";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInvalidArgument);
    EXPECT_NE(std::string(error.what()).find("resume"), std::string::npos);
  }
}

TEST(Trainer, StopsOnNumbersThatAreNotFinite) {
  const Scratch scratch;
  TrainOptions options = tiny_options(scratch.path() / "out");
  options.save_every = 1;
  options.warmup_ratio = 0;
  options.optimizer.kind = OptimizerKind::kSgd;
  options.optimizer.momentum = 0;
  options.learning_rate = 1e30;
  options.clip = 0;
  TinyRun run("bert/classifier", labelled_rows(24), options);
  try {
    run.trainer->run();
    FAIL() << "went on";
  } catch (const Error& error) {
    const std::string text = error.what();
    EXPECT_EQ(error.kind(), ErrorKind::kRuntime);
    EXPECT_NE(text.find("step 1: the weights it leaves are of no use"), std::string::npos) << text;
    EXPECT_NE(text.find("nothing was saved"), std::string::npos) << text;
  }
  EXPECT_TRUE(checkpoint_steps(options.output).empty());
  EXPECT_FALSE(fs::exists(options.output / "config.json"));
}

// Weights of 3e38 are finite, but their results are not. Neither a checkpoint nor the model is saved.
TEST(Trainer, WeightsThatGiveNoFiniteLossAreNotSaved) {
  for (const TrainMethod method : {TrainMethod::kFull, TrainMethod::kHead}) {
    const Scratch scratch;
    TrainOptions options = tiny_options(scratch.path() / "out");
    options.method = method;
    options.save_every = 1;
    options.max_steps = 3;
    options.valid_fraction = 0;
    TinyRun run("bert/classifier", labelled_rows(24), options);
    const auto poison = [&](const StepRecord& step) {
      if (step.step < 3) return;
      for (const nn::Parameter& p : run.trainer->learner().trained())
        for (float& x : p.tensor->data<float>()) x = std::copysign(3e38f, x);
    };
    try {
      run.trainer->run({.on_step = poison});
      FAIL() << "was saved";
    } catch (const Error& error) {
      const std::string text = error.what();
      EXPECT_NE(text.find("step 3: the weights"), std::string::npos) << text;
      EXPECT_NE(text.find("checkpoint-2 is the last good checkpoint"), std::string::npos) << text;
    }
    EXPECT_EQ(checkpoint_steps(options.output), (std::vector<std::int64_t>{1, 2}));
    EXPECT_FALSE(fs::exists(options.output / "config.json"));
  }
}

TEST(Trainer, AValidationLossThatIsNotFiniteStops) {
  TrainOptions options = tiny_options();
  options.eval_every = 2;
  TinyRun run("bert/classifier", labelled_rows(24), options);
  const auto poison = [&](const StepRecord& step) {
    for (const nn::Parameter& p : run.loaded.model->parameters())
      if (step.step == 2 && p.name == "layers.1.ffn.up.weight") p.tensor->data<float>()[3] = std::nanf("");
  };
  try {
    run.trainer->run({.on_step = poison});
    FAIL() << "went on";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("step 2: eval_loss of the validation rows is nan"), std::string::npos)
        << error.what();
  }
}

TEST(Trainer, StopsWhileFeaturesAreMade) {
  const Scratch scratch;
  TrainOptions options = tiny_options(scratch.path() / "out");
  options.method = TrainMethod::kHead;
  TinyRun run("bert/classifier", labelled_rows(24), options);
  bool stepped = false;
  try {
    run.trainer->run({.on_step = [&](const StepRecord&) { stepped = true; }, .stop = [] { return true; }});
    FAIL() << "went on";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInterrupted);
  }
  EXPECT_FALSE(stepped);
  EXPECT_TRUE(checkpoint_steps(options.output).empty());
  options.resume = true;
  TinyRun again("bert/classifier", labelled_rows(24), options);
  EXPECT_GT(again.trainer->run().steps, 0);
}

TEST(Trainer, NamesTheWeightThatIsNotFinite) {
  const Scratch scratch;
  TinyRun run("bert/classifier", labelled_rows(12), tiny_options());
  for (const nn::Parameter& p : run.loaded.model->parameters())
    if (p.name == "layers.1.ffn.up.weight") p.tensor->data<float>()[3] = std::nanf("");
  try {
    run.trainer->run();
    FAIL() << "went on";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("weight of layers.1.ffn.up.weight"), std::string::npos) << error.what();
  }
}

TEST(Trainer, StopsEarlyAndKeepsTheBest) {
  const Scratch scratch;
  TrainOptions options = tiny_options(scratch.path() / "out");
  options.epochs = 50;
  options.learning_rate = 0.05;  // diverges after a while
  options.early_stopping = 2;
  options.keep = 1;
  TinyRun run("bert/classifier", labelled_rows(40), options);
  std::vector<EvalRecord> evals;
  const TrainSummary summary = run.trainer->run({.on_eval = [&](const EvalRecord& e) { evals.push_back(e); }});
  ASSERT_LT(summary.steps, run.trainer->plan().steps);
  double best = 0;
  for (const EvalRecord& e : evals) best = std::max(best, e.metrics.at("eval_accuracy"));
  EXPECT_DOUBLE_EQ(summary.metrics.at("eval_accuracy"), best);
  EXPECT_EQ(evals.back().step, summary.steps);
  EXPECT_EQ(evals[evals.size() - 3].step, summary.best_step);
  EXPECT_EQ(hash_of(options.output / "model.safetensors"),
            hash_of(checkpoint_path(options.output, summary.best_step) / "model.safetensors"));
  const std::string log = read_file(options.output / "train_log.jsonl");
  options.resume = true;
  TinyRun again("bert/classifier", labelled_rows(40), options);
  EXPECT_EQ(again.trainer->run().steps, summary.steps);
  EXPECT_EQ(read_file(options.output / "train_log.jsonl"), log);
}

TEST(Trainer, TestRowsAreInLogAndState) {
  const Scratch scratch;
  TrainOptions options = tiny_options(scratch.path() / "out");
  options.valid_fraction = 0;
  options.max_steps = 2;
  DatasetSplits splits = splits_of(labelled_rows(12));
  splits.test = parse_dataset(labelled_rows(9, 5), "jsonl", "test.jsonl");
  const DatasetSplits again = splits;
  TinyRun run(fixtures() / "bert/classifier", std::move(splits), options);
  const TrainSummary summary = run.trainer->run();
  EXPECT_TRUE(summary.metrics.contains("test_accuracy"));
  const std::string log = read_file(options.output / "train_log.jsonl");
  EXPECT_NE(log.find("\"test_loss\""), std::string::npos);
  EXPECT_TRUE(read_json(options.output / "trainer_state.json")["log_history"].back().contains("test_loss"));
  const std::string report = read_file(options.output / "report.html");
  EXPECT_NE(report.find("Confusion matrix of the test rows"), std::string::npos);
  options.resume = true;
  TinyRun second(fixtures() / "bert/classifier", again, options);
  second.trainer->run();
  EXPECT_EQ(read_file(options.output / "train_log.jsonl"), log);
}

TEST(Trainer, RowsThatTeachNothingAreRefusedOrWarnedOf) {
  TrainOptions options = tiny_options();
  options.max_length = 1;
  try {
    TinyRun none("bloom/causal", plain_rows(12), options);
    FAIL() << "was taken";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kBadInput);
    EXPECT_NE(std::string(error.what()).find("no row teaches anything"), std::string::npos) << error.what();
  }
  options.max_length = 32;
  options.append_eos = false;
  options.valid_fraction = 0;
  TinyRun some("bloom/causal", plain_rows(12) + "{\"text\":\"w9\"}\n", options);
  std::string warnings;
  some.trainer->run({.on_warning = [&](const std::string& text) { warnings += text + "\n"; }});
  EXPECT_NE(warnings.find("1 of 13 rows teach nothing"), std::string::npos) << warnings;
}

TEST(Trainer, TheSavedFolderGivesTheSameScores) {
  const Scratch scratch;
  for (const char* fixture : {"bert/classifier", "bloom/classifier", "gpt2/classifier", "llama/classifier"}) {
    TrainOptions options = tiny_options(scratch.path() / fs::path(fixture).parent_path());
    options.epochs = 1;
    options.valid_fraction = 0;
    TinyRun run(fixture, labelled_rows(12), options);
    run.trainer->run();
    const auto trained = run.scores("w12 w30 w44");
    Loaded again = load_pretrained(options.output);
    EXPECT_EQ(again.model->config().labels, (std::vector<std::string>{"red", "green", "blue"}));
    EXPECT_TRUE(again.model->config().head_trained);
    nn::Packed batch;
    batch.add(again.tokenizer().encode_ids("w12 w30 w44"));
    again.model->pass().precision = Precision::kF32;
    const Tensor scores = again.model->classify(again.model->pooled(again.model->forward(batch), batch));
    expect_close(scores.data<float>(), trained, 1e-5, fixture);
  }
}

TEST(Trainer, OneLineTrains) {
  const Scratch scratch;
  write_file(scratch.path() / "rows.jsonl", labelled_rows(12));
  TrainOptions options = tiny_options(scratch.path() / "out");
  options.epochs = 1;
  const TrainSummary summary = train(fixtures() / "llama/causal", scratch.path() / "rows.jsonl", options);
  EXPECT_EQ(summary.steps, 3);
  EXPECT_EQ(models::ModelFiles(options.output).config().labels, (std::vector<std::string>{"blue", "green", "red"}));
}

TEST(Trainer, LeavesLogsAndCards) {
  const Scratch scratch;
  TrainOptions options = tiny_options(scratch.path() / "out");
  TinyRun run("bert/classifier", labelled_rows(24), options);
  run.trainer->run();
  for (const char* name :
       {"config.json", "tokenizer.json", "README.md", "report.html", "train_log.jsonl", "trainer_state.json"})
    EXPECT_TRUE(fs::exists(options.output / name)) << name;
  const std::string log = read_file(options.output / "train_log.jsonl");
  EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), run.trainer->plan().steps + 3);
  EXPECT_FALSE(fs::is_empty(options.output / "runs"));
  for (const auto& entry : fs::directory_iterator(options.output))
    EXPECT_FALSE(entry.path().filename().string().ends_with(".incomplete")) << entry.path();
  const Json state = read_json(options.output / "trainer_state.json");
  EXPECT_EQ(state["global_step"], run.trainer->plan().steps);
}

// A full disk (here: a limit on file sizes) ends the run naming the file; the previous checkpoint stays valid.
TEST(Trainer, AFullDiskLeavesTheLastCheckpoint) {
  const Scratch scratch;
  TrainOptions options = restless(scratch.path() / "out");
  TinyRun run("bert/classifier", labelled_rows(40), options);
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const auto old_handler = signal(SIGXFSZ, SIG_IGN);
  std::string message;
  try {
    run.trainer->run({.on_step = [&](const StepRecord& r) {
      const rlimit little{4096, before.rlim_max};
      if (r.step == 9) setrlimit(RLIMIT_FSIZE, &little);
    }});
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kRuntime);
    message = error.what();
  }
  setrlimit(RLIMIT_FSIZE, &before);
  signal(SIGXFSZ, old_handler);
  EXPECT_NE(message.find((options.output / "").string()), std::string::npos) << message;
  EXPECT_EQ(newest_checkpoint(options.output), checkpoint_path(options.output, 8));
  for (const auto& entry : fs::directory_iterator(options.output))
    EXPECT_FALSE(entry.path().filename().string().ends_with(".incomplete")) << entry.path();
}

TEST(Trainer, ThreadsChangeRoundingOnly) {
  const int before = threads();
  std::vector<double> losses[2];
  for (int i = 0; i < 2; ++i) {
    set_threads(i + 1);
    losses[i] = losses_of("bert/classifier", labelled_rows(24), tiny_options());
  }
  set_threads(before);
  ASSERT_EQ(losses[0].size(), losses[1].size());
  for (std::size_t i = 0; i < losses[0].size(); ++i) EXPECT_NEAR(losses[0][i], losses[1][i], 1e-4) << i;
}

TEST(Trainer, HereAlwaysTheSameBits) {
  const Scratch scratch;
  const fs::path model = dropping_model(scratch.path() / "model");
  std::string hashes[2];
  for (int i = 0; i < 2; ++i) {
    TrainOptions options = restless(scratch.path() / std::to_string(i));
    TinyRun run(model, splits_of(labelled_rows(24)), options);
    run.trainer->run();
    hashes[i] = hash_of(options.output / "model.safetensors");
  }
  EXPECT_EQ(hashes[0], hashes[1]);
}

}  // namespace
}  // namespace linnet
