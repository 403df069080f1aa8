#include "linnet/train/trainer.h"

#include <gtest/gtest.h>
#include <signal.h>  // NOLINT: SIGXFSZ is POSIX, not in <csignal>
#include <sys/resource.h>

#include <cmath>
#include <fstream>

#include "linnet/base/error.h"
#include "linnet/base/parallel.h"
#include "linnet/train/checkpointing.h"
#include "tests/train/tiny_run.h"

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
  TinyRun run("bert/classifier", labelled_rows(18), options);  // 5 batches, 3 steps an epoch
  EXPECT_EQ(run.trainer->plan().steps_an_epoch, 3);
  EXPECT_EQ(run.trainer->plan().steps, 9);
  std::vector<StepRecord> steps;
  run.trainer->run({.on_step = [&](const StepRecord& r) { steps.push_back(r); }});
  ASSERT_EQ(steps.size(), 9u);
  EXPECT_DOUBLE_EQ(steps[2].epoch, 1);
  EXPECT_DOUBLE_EQ(steps[8].epoch, 3);
}

// The first step's loss is the fixture model's own: every weight decayed and updated afterwards.
std::vector<double> losses_of(const std::string& fixture, const std::string& rows, TrainOptions options) {
  TinyRun run(fixture, rows, std::move(options));
  std::vector<double> losses;
  run.trainer->run({.on_step = [&](const StepRecord& r) { losses.push_back(r.loss); }});
  return losses;
}

TEST(Trainer, EightTimesOneRowIsOneTimeEight) {
  for (const char* fixture : {"llama/causal", "bert/masked", "bert/classifier"}) {
    TrainOptions options = tiny_options();
    options.shuffle = false;
    options.valid_fraction = 0;
    options.mask_probability = 0.5;
    options.epochs = 2;
    options.batch_size = 8;
    const std::string rows = std::string(fixture) == "bert/classifier" ? labelled_rows(16) : plain_rows(16);
    const auto whole = losses_of(fixture, rows, options);
    options.batch_size = 1;
    options.grad_accumulation = 8;
    const auto parts = losses_of(fixture, rows, options);
    ASSERT_EQ(whole.size(), 4u);
    ASSERT_EQ(parts.size(), 4u);
    for (std::size_t i = 0; i < 4; ++i)
      EXPECT_NEAR(parts[i], whole[i], 1e-5 * std::abs(whole[i])) << fixture << " " << i;
  }
}

// Dropout and shuffling on, so that a lost counter or position shows.
TrainOptions restless(const fs::path& output) {
  TrainOptions options = tiny_options(output);
  options.save_every = 5;
  options.keep = 0;
  return options;
}
fs::path dropping_model(const fs::path& folder) {
  fs::copy(fixtures() / "bert/classifier", folder);
  Json config = read_json(folder / "config.json");
  config["hidden_dropout_prob"] = config["attention_probs_dropout_prob"] = 0.2;
  write_file(folder / "config.json", dump_json(config));
  return folder;
}
DatasetSplits splits_of(const std::string& rows) { return {parse_dataset(rows, "jsonl", "rows.jsonl"), {}, {}}; }

TEST(Trainer, ResumingGivesTheSameBits) {
  const Scratch scratch;
  const fs::path model = dropping_model(scratch.path() / "model");
  const std::string rows = labelled_rows(40);
  TinyRun whole(model, splits_of(rows), restless(scratch.path() / "whole"));
  whole.trainer->run();
  for (const int stop_at : {3, 5, 8, 11}) {
    TrainOptions options = restless(scratch.path() / fmt::format("parts-{}", stop_at));
    int steps = 0;
    TinyRun first(model, splits_of(rows), options);
    EXPECT_THROW(
        first.trainer->run({.on_step = [&](const StepRecord&) { ++steps; }, .stop = [&] { return steps == stop_at; }}),
        Error);
    options.resume = true;
    TinyRun second(model, splits_of(rows), options);
    second.trainer->run();
    const std::int64_t last = whole.trainer->plan().steps;
    for (const char* name : {"model.safetensors", "optimizer.safetensors", "trainer_state.json", "linnet_state.json"})
      EXPECT_EQ(hash_of(checkpoint_path(options.output, last) / name),
                hash_of(checkpoint_path(scratch.path() / "whole", last) / name))
          << name << ", stopped at " << stop_at;
    EXPECT_EQ(hash_of(options.output / "model.safetensors"), hash_of(scratch.path() / "whole/model.safetensors"));
  }
}

// The control: what the test above would say if a run lost where it is in the data, in its schedule and random numbers,
// or in Adam's count.
TEST(Trainer, ALostPositionShows) {
  const Scratch scratch;
  const fs::path model = dropping_model(scratch.path() / "model");
  const std::string rows = labelled_rows(40);
  TinyRun whole(model, splits_of(rows), restless(scratch.path() / "whole"));
  whole.trainer->run();
  for (const char* lost : {"batch", "step", "optimizer_steps"}) {
    TrainOptions options = restless(scratch.path() / lost);
    int steps = 0;
    TinyRun first(model, splits_of(rows), options);
    EXPECT_THROW(
        first.trainer->run({.on_step = [&](const StepRecord&) { ++steps; }, .stop = [&] { return steps == 5; }}),
        Error);
    const fs::path checkpoint = checkpoint_path(options.output, 5);
    Json state = read_json(checkpoint / "linnet_state.json");
    ASSERT_GT(state[lost], 0) << lost;
    state[lost] = 0;
    write_file(checkpoint / "linnet_state.json", dump_json(state));
    write_manifest(checkpoint);
    options.resume = true;
    TinyRun second(model, splits_of(rows), options);
    second.trainer->run();
    EXPECT_NE(hash_of(options.output / "model.safetensors"), hash_of(scratch.path() / "whole/model.safetensors"))
        << lost;
  }
}

TEST(Trainer, AnotherRunsCheckpointIsRefusedWithWhatDiffers) {
  const Scratch scratch;
  TrainOptions options = restless(scratch.path() / "out");
  TinyRun first("bert/classifier", labelled_rows(40), options);
  first.trainer->run();
  options.resume = true;
  const auto message = [&](const std::string& rows, const TrainOptions& changed) {
    TinyRun again("bert/classifier", rows, changed);
    try {
      again.trainer->run();
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kBadInput);
      return std::string(error.what());
    }
    return std::string();
  };
  TrainOptions faster = options;
  faster.learning_rate = 2e-3;
  EXPECT_NE(message(labelled_rows(40), faster).find("learning rate was 0.001, is 0.002"), std::string::npos);
  EXPECT_NE(message(labelled_rows(40, 99), options).find("train data and vocabulary was"), std::string::npos);
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
    EXPECT_NE(std::string(error.what()).find("--resume"), std::string::npos);
  }
}

TEST(Trainer, ABrokenCheckpointIsPassedOver) {
  const Scratch scratch;
  TrainOptions options = restless(scratch.path() / "out");
  TinyRun first("bert/classifier", labelled_rows(40), options);
  first.trainer->run();
  const std::string model = hash_of(options.output / "model.safetensors");
  const std::int64_t last = checkpoint_steps(options.output).back();
  std::fstream(checkpoint_path(options.output, last) / "optimizer.safetensors",
               std::ios::in | std::ios::out | std::ios::binary)
      .seekp(300)
      .put('\x55');
  options.resume = true;
  TinyRun second("bert/classifier", labelled_rows(40), options);
  std::string note;
  second.trainer->run({.on_note = [&](const std::string& text) { note += text + "\n"; }});
  EXPECT_EQ(note.find(fmt::format("checkpoint-{} ", last)), std::string::npos) << note;
  EXPECT_EQ(hash_of(options.output / "model.safetensors"), model);
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
    EXPECT_NE(text.find("step 2:"), std::string::npos) << text;
    EXPECT_NE(text.find("first not finite: "), std::string::npos) << text;
    EXPECT_NE(text.find("rows.jsonl:"), std::string::npos) << text;
    EXPECT_NE(text.find("checkpoint-1 is the last good checkpoint"), std::string::npos) << text;
  }
  EXPECT_EQ(manifest_fault(options.output / "checkpoint-1"), "");
  EXPECT_FALSE(fs::exists(options.output / "config.json"));
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
  options.learning_rate = 0.05;  // comes apart after a while
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
    models::Pretrained again = models::load_pretrained(options.output);
    EXPECT_EQ(again.model->config().labels, (std::vector<std::string>{"red", "green", "blue"}));
    EXPECT_TRUE(again.model->config().head_trained);
    nn::Packed batch;
    batch.add(again.tokenizer.encode_ids("w12 w30 w44"));
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
  EXPECT_EQ(models::Model::read_config(options.output).labels, (std::vector<std::string>{"blue", "green", "red"}));
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

// A full disk (here: a limit on file sizes) ends the run naming the file; the checkpoint before stays whole.
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
