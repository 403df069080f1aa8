// Resumed runs.
#include <gtest/gtest.h>

#include <fstream>

#include "linnet/adapt/loaded.h"
#include "linnet/base/error.h"
#include "linnet/models/saver.h"
#include "linnet/train/checkpoint/checkpointing.h"
#include "tests/train/tiny_run.h"

namespace linnet {
namespace {

namespace fs = std::filesystem;

TEST(Resume, ResumingGivesTheSameBits) {
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

// The position in the data, the optimiser's count and the best evaluation follow from the step, which the folder's name
// and the history also have.
TEST(Resume, ALostPositionShows) {
  const Scratch scratch;
  TrainOptions options = restless(scratch.path() / "out");
  int steps = 0;
  TinyRun first("bert/classifier", labelled_rows(40), options);
  EXPECT_THROW(first.trainer->run({.on_step = [&](const StepRecord&) { ++steps; }, .stop = [&] { return steps == 5; }}),
               Error);
  const fs::path checkpoint = checkpoint_path(options.output, 5);
  Json state = read_json(checkpoint / "linnet_state.json");
  state["step"] = 4;
  write_file(checkpoint / "linnet_state.json", dump_json(state));
  write_manifest(checkpoint);
  options.resume = true;
  TinyRun second("bert/classifier", labelled_rows(40), options);
  EXPECT_NE(refusal([&] { second.trainer->run(); }).find("'step' is 4"), std::string::npos);
}

// More epochs continue from the last checkpoint with the schedule of the new number; fewer are rejected.
TEST(Resume, MoreEpochsGoOn) {
  const Scratch scratch;
  TrainOptions options = restless(scratch.path() / "out");
  options.schedule = ScheduleKind::kConstant;
  options.warmup_ratio = 0;
  TrainOptions longer = options;
  longer.output = scratch.path() / "whole";
  longer.epochs = 5;
  TinyRun whole("bert/classifier", labelled_rows(40), longer);
  whole.trainer->run();
  TinyRun first("bert/classifier", labelled_rows(40), options);
  first.trainer->run();
  options.resume = true;
  options.epochs = 5;
  TinyRun second("bert/classifier", labelled_rows(40), options);
  std::string notes;
  second.trainer->run({.on_note = [&](const std::string& text) { notes += text + "\n"; }});
  EXPECT_NE(notes.find("40 steps instead of 24"), std::string::npos) << notes;
  // If the rate does not depend on the number of steps, the runs are equal.
  EXPECT_EQ(hash_of(options.output / "model.safetensors"), hash_of(longer.output / "model.safetensors"));
  options.epochs = 2;
  TinyRun third("bert/classifier", labelled_rows(40), options);
  EXPECT_NE(refusal([&] { third.trainer->run(); }).find("may only grow"), std::string::npos);
}

// The checkpoint that a resume falls back to may have had another best one, which is kept.
TEST(Resume, TheBestOfAnOlderCheckpointIsKept) {
  const Scratch scratch;
  TrainOptions options = tiny_options(scratch.path() / "out");
  options.keep = 1;
  options.epochs = 8;
  TinyRun first("bert/classifier", labelled_rows(40), options);
  first.trainer->run();
  const std::string model = hash_of(options.output / "model.safetensors");
  const auto steps = checkpoint_steps(options.output);
  for (const std::int64_t step : steps) {
    const Json log = read_json(checkpoint_path(options.output, step) / "trainer_state.json");
    if (log["best_model_checkpoint"].is_null()) continue;
    EXPECT_TRUE(fs::exists(options.output / log["best_model_checkpoint"].get<std::string>())) << step;
  }
}

TEST(Resume, AnotherRunsCheckpointIsRefusedWithWhatDiffers) {
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
  EXPECT_NE(message(labelled_rows(40), faster).find("learning_rate was 0.001, is 0.002"), std::string::npos);
  EXPECT_NE(message(labelled_rows(40, 99), options).find("the training data's rows 1 to "), std::string::npos);
}

TEST(Resume, ABrokenCheckpointIsPassedOver) {
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

// A stop also works during an evaluation, which is then made on resuming.
TEST(Resume, AStoppedEvaluationIsMadeUpFor) {
  const Scratch scratch;
  const fs::path model = dropping_model(scratch.path() / "model");
  const std::string rows = labelled_rows(40);
  TinyRun whole(model, splits_of(rows), restless(scratch.path() / "whole"));
  whole.trainer->run();
  TrainOptions options = restless(scratch.path() / "parts");
  int steps = 0;
  TinyRun first(model, splits_of(rows), options);
  EXPECT_THROW(first.trainer->run({.on_step = [&](const StepRecord&) { ++steps; }, .stop = [&] { return steps == 8; }}),
               Error);
  const auto judged_at_8 = [&] {
    const Json state = read_json(checkpoint_path(options.output, 8) / "trainer_state.json");
    return state["log_history"].back().contains("eval_loss");
  };
  EXPECT_FALSE(judged_at_8());
  options.resume = true;
  TinyRun second(model, splits_of(rows), options);
  second.trainer->run();
  EXPECT_TRUE(judged_at_8());
  for (const char* name : {"model.safetensors", "trainer_state.json"})
    EXPECT_EQ(hash_of(options.output / name), hash_of(scratch.path() / "whole" / name)) << name;
  const auto evaluations = [](const fs::path& folder) {
    const std::string log = read_file(folder / "train_log.jsonl");
    int count = 0;
    for (std::size_t at = 0; (at = log.find("eval_loss", at)) != log.npos; ++at) ++count;
    return count;
  };
  EXPECT_EQ(evaluations(options.output), evaluations(scratch.path() / "whole"));
}

TEST(Resume, OnlyAFolderWithARunIsResumed) {
  const Scratch scratch;
  TrainOptions options = tiny_options(scratch.path() / "out");
  options.resume = true;
  fs::create_directory(options.output);
  write_file(options.output / "config.json", "{}");
  try {
    TinyRun run("bert/classifier", labelled_rows(12), options);
    FAIL() << "was taken";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInvalidArgument);
    EXPECT_NE(std::string(error.what()).find("holds no run to resume"), std::string::npos) << error.what();
  }
}

// The same configuration with other weights is another model.
TEST(Resume, ResumingFromOtherWeightsIsRefused) {
  const Scratch scratch;
  const fs::path other = scratch.path() / "other";
  Loaded loaded = load_pretrained(fixtures() / "bert/classifier");
  loaded.model->make_trainable();
  for (const nn::Parameter& p : loaded.model->parameters())
    if (p.name == "layers.1.ffn.up.weight") p.tensor->data<float>()[0] += 0.5f;
  fs::create_directory(other);
  models::save_model(*loaded.model, other);
  for (const TrainMethod method : {TrainMethod::kFull, TrainMethod::kHead, TrainMethod::kLora}) {
    TrainOptions options = tiny_options(scratch.path() / std::string(method_name(method)));
    options.method = method;
    options.max_steps = 2;
    TinyRun first(fixtures() / "bert/classifier", splits_of(labelled_rows(12)), options);
    first.trainer->run();
    options.resume = true;
    TinyRun same(fixtures() / "bert/classifier", splits_of(labelled_rows(12)), options);
    EXPECT_NO_THROW(same.trainer->run());
    TinyRun second(other, splits_of(labelled_rows(12)), options);
    try {
      second.trainer->run();
      FAIL() << "was taken";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kBadInput);
      EXPECT_NE(std::string(error.what()).find("the model's weight layers.1.ffn.up.weight was "), std::string::npos)
          << error.what();
    }
  }
}

}  // namespace
}  // namespace linnet
