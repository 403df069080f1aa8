// A checkpoint's files are untrusted: each number is modified in turn. The run fails with an error, or its result is
// unchanged.
#include <gtest/gtest.h>

#include <cmath>

#include "linnet/base/error.h"
#include "linnet/io/checkpoint.h"
#include "linnet/train/checkpoint/checkpointing.h"
#include "tests/train/tiny_run.h"

namespace linnet {
namespace {

namespace fs = std::filesystem;

class ForeignState : public testing::Test {
 protected:
  ForeignState() {
    TrainOptions whole = options();
    whole.output = scratch_ / "whole";
    TinyRun all("bert/classifier", rows_, whole);
    all.trainer->run();
    expected_ = hash_of(whole.output / "model.safetensors");
    whole.output = scratch_ / "stopped";
    int steps = 0;
    TinyRun first("bert/classifier", rows_, whole);
    EXPECT_THROW(
        first.trainer->run({.on_step = [&](const StepRecord&) { ++steps; }, .stop = [&] { return steps == 4; }}),
        Error);
  }
  static TrainOptions options() {
    TrainOptions options = tiny_options();
    options.epochs = 2;
    options.batch_size = 4;
    options.keep = 0;
    return options;
  }
  // Resumes from a copy modified by `change`: "" if it ends like the whole run, else the error.
  template <class Change>
  std::string resumed(const Change& change) {
    const fs::path out = scratch_ / "out";
    fs::remove_all(out);
    fs::copy(scratch_ / "stopped", out, fs::copy_options::recursive);
    change(checkpoint_path(out, 4));
    TrainOptions again = options();
    again.output = out;
    again.resume = true;
    try {
      TinyRun run("bert/classifier", rows_, again);
      run.trainer->run();
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kBadInput) << error.what();
      EXPECT_NE(std::string(error.what()).find("checkpoint-"), std::string::npos) << error.what();
      return error.what();
    }
    EXPECT_EQ(hash_of(out / "model.safetensors"), expected_);
    return "";
  }

  Scratch scratch_;
  const std::string rows_ = labelled_rows(12);
  std::string expected_;
};

TEST_F(ForeignState, EveryNumberOfTheStateIsChecked) {
  EXPECT_EQ(resumed([](const fs::path&) {}), "");
  int refused = 0, changed = 0;
  for (const char* name : {"linnet_state.json", "trainer_state.json", kManifestName}) {
    const Json whole = read_json(checkpoint_path(scratch_ / "stopped", 4) / name);
    const Json flat = whole.flatten();
    for (const auto& [path, value] : flat.items()) {
      if (!value.is_number() || path.starts_with("/identity/config")) continue;
      for (const Json& other : {Json(nullptr), Json(-1), Json(1e300), Json("NaN"), Json(INT64_MAX)}) {
        Json edited = whole;
        edited[Json::json_pointer(path)] = other;
        refused += !resumed([&](const fs::path& folder) {
                      write_file(folder / name, dump_json(edited));
                      if (std::string(name) != kManifestName) write_manifest(folder);
                    }).empty();
        ++changed;
        if (HasFailure()) FAIL() << name << " " << path << " = " << dump_json(other);
      }
    }
  }
  EXPECT_GT(changed, 200);
  EXPECT_GT(refused, changed / 2);
}

TEST_F(ForeignState, AMissingKeyIsRefusedOrNotNeeded) {
  for (const char* name : {"linnet_state.json", "trainer_state.json", kManifestName}) {
    const Json whole = read_json(checkpoint_path(scratch_ / "stopped", 4) / name);
    std::vector<Json> edits;
    for (const auto& [key, value] : whole.items()) {
      edits.push_back(whole);
      edits.back().erase(key);
    }
    if (whole.contains("log_history"))
      for (const auto& [key, value] : whole["log_history"][0].items()) {
        edits.push_back(whole);
        edits.back()["log_history"][0].erase(key);
      }
    for (const Json& other : {Json(nullptr), Json(3), Json::array(), Json("x")}) edits.push_back(other);
    for (const Json& edited : edits) {
      resumed([&](const fs::path& folder) {
        write_file(folder / name, dump_json(edited));
        if (std::string(name) != kManifestName) write_manifest(folder);
      });
      if (HasFailure()) FAIL() << name << " " << dump_json(edited).substr(0, 200);
    }
  }
}

// An emptied optimizer.safetensors; weights and moments that are not finite, of another shape or type.
TEST_F(ForeignState, EveryTensorIsChecked) {
  const auto with = [&](const std::string& stem, const auto& change) {
    return resumed([&](const fs::path& folder) {
      const auto reader = CheckpointReader::open(folder / (stem + ".safetensors"));
      std::map<std::string, Tensor> tensors;
      for (const std::string& name : reader->names()) tensors[name] = reader->read(name);
      change(tensors);
      CheckpointWriter out(folder, stem);
      for (const auto& [name, value] : tensors) out.add(name, value);
      out.finish();
      write_manifest(folder);
    });
  };
  EXPECT_NE(with("optimizer", [](auto& tensors) { tensors.clear(); }).find("optimizer.safetensors: has no '"),
            std::string::npos);
  for (const std::string stem : {"optimizer", "model"}) {
    const auto first = [](auto& tensors) -> Tensor& {
      for (auto& [name, value] : tensors)
        if (value.dtype() == DType::kF32 && value.numel() > 0) return value;
      return tensors.begin()->second;
    };
    for (const float bad : {std::nanf(""), INFINITY})
      EXPECT_NE(with(stem, [&](auto& tensors) { first(tensors).template data<float>()[0] = bad; }), "") << stem << bad;
    EXPECT_NE(with(stem, [&](auto& tensors) { first(tensors) = Tensor::zeros({1, 1, 3}); }), "") << stem;
    EXPECT_NE(with(stem, [&](auto& tensors) { first(tensors) = Tensor::zeros(first(tensors).shape(), DType::kI32); }),
              "")
        << stem;
  }
}

// A best step without validation.
TEST_F(ForeignState, ABestStepWithoutValidationIsRefused) {
  TrainOptions plain = options();
  plain.valid_fraction = 0;
  plain.output = scratch_ / "plain";
  TinyRun first("bert/classifier", rows_, plain);
  first.trainer->run();
  const fs::path folder = *newest_checkpoint(plain.output);
  Json state = read_json(folder / "trainer_state.json");
  state["best_model_checkpoint"] = "checkpoint-3";
  state["log_history"].push_back({{"eval_accuracy", 1.0}, {"eval_loss", 0.1}, {"epoch", 2.0}, {"step", 6}});
  write_file(folder / "trainer_state.json", dump_json(state));
  write_manifest(folder);
  plain.resume = true;
  TinyRun again("bert/classifier", rows_, plain);
  EXPECT_NE(refusal([&] { again.trainer->run(); }).find("no validation rows"), std::string::npos);
}

// The best weights are needed at the end, and checked before the first step.
TEST_F(ForeignState, ABestCheckpointThatIsGoneIsRefused) {
  const Json state = read_json(checkpoint_path(scratch_ / "stopped", 4) / "trainer_state.json");
  ASSERT_EQ(state["best_model_checkpoint"], "checkpoint-3");
  const std::string why =
      resumed([](const fs::path& folder) { fs::remove_all(checkpoint_path(folder.parent_path(), 3)); });
  EXPECT_NE(why.find("the weights that did best are broken"), std::string::npos) << why;
}

}  // namespace
}  // namespace linnet
