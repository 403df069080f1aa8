// A tiny training run of the program, for tests of `linnet train`.
//
//   CliResult r = run_linnet(arguments(out(), {"--epochs", "2"}));
//   expect_whole(out());
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "linnet/adapt/loaded.h"
#include "linnet/train/checkpoint/checkpointing.h"
#include "tests/cli/run_linnet.h"
#include "tests/train/tiny_run.h"

namespace linnet::test {

namespace fs = std::filesystem;

// A tiny classifier with dropout, and rows to train it on.
class TrainCli : public ::testing::Test {
 protected:
  TrainCli() {
    fs::copy(fixtures() / "bert/classifier", model());
    Json config = read_json(model() / "config.json");
    config["hidden_dropout_prob"] = config["attention_probs_dropout_prob"] = 0.1;
    write_file(model() / "config.json", dump_json(config));
    write_file(data(), labelled_rows(60));
  }
  fs::path model() const { return scratch_.path() / "model"; }
  fs::path data() const { return scratch_.path() / "rows.jsonl"; }
  fs::path out(const std::string& name = "out") const { return scratch_.path() / name; }

  // `more` takes precedence over the defaults.
  std::vector<std::string> arguments(const fs::path& output, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> all{"train", "-m", model().string(), "--data", data().string(), "-o", output.string(),
                                 "-t",    "1"};
    for (const auto& [flag, value] : {std::pair("--method", "full"), std::pair("--batch-size", "4"),
                                      std::pair("--learning-rate", "1e-3"), std::pair("--dtype", "f32")})
      if (std::find(more.begin(), more.end(), flag) == more.end()) all.insert(all.end(), {flag, value});
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }

  Scratch scratch_;
};

// Every checkpoint with its final name is complete, and a folder that looks like a model is one.
inline void expect_whole(const fs::path& output) {
  for (const std::int64_t step : checkpoint_steps(output))
    EXPECT_EQ(manifest_fault(checkpoint_path(output, step)), "") << step;
  if (fs::exists(output / "adapter_config.json") || fs::exists(output / "config.json")) {
    EXPECT_NO_THROW(load_pretrained(output));
  }
}

}  // namespace linnet::test
