// linnet train as a user runs and kills it.
#include <gtest/gtest.h>
#include <signal.h>  // NOLINT: SIGKILL is POSIX, not in <csignal>

#include <algorithm>
#include <sstream>

#include "linnet/train/checkpoint/checkpointing.h"
#include "tests/cli/train_cli.h"
#include "tests/sanitized.h"

namespace linnet::test {
namespace {

namespace fs = std::filesystem;

std::vector<Json> json_lines(const std::string& text) {
  std::vector<Json> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(parse_json(line, "stdout"));
  return lines;
}

TEST_F(TrainCli, JsonLinesAreStepsEvaluationsAndASummary) {
  const CliResult r = run_linnet(arguments(out(), {"--epochs", "2", "--json"}));
  ASSERT_EQ(r.exit_code, 0) << r.err;
  const std::vector<Json> lines = json_lines(r.out);
  int steps = 0, evaluations = 0;
  for (const Json& line : lines) {
    if (line.contains("loss")) {
      EXPECT_EQ(line["step"], ++steps);
      for (const char* key : {"epoch", "grad_norm", "learning_rate", "tokens_per_s"})
        EXPECT_TRUE(line.contains(key)) << key;
    }
    evaluations += line.contains("eval_loss") && line.contains("eval_accuracy");
  }
  EXPECT_EQ(steps, 28);  // 54 rows, 14 batches, twice
  EXPECT_EQ(evaluations, 2);
  ASSERT_TRUE(lines.back().contains("summary"));
  EXPECT_EQ(lines.back()["summary"]["steps"], 28);
  EXPECT_NE(r.err.find("method"), std::string::npos);  // the plan
}

TEST_F(TrainCli, TheFolderIsAModelAgain) {
  ASSERT_EQ(run_linnet(arguments(out(), {"--epochs", "1"})).exit_code, 0);
  const CliResult r = run_linnet({"train", "-m", out().string(), "--data", data().string(), "-o", out("again").string(),
                                  "--max-steps", "2", "--json"});
  EXPECT_EQ(r.exit_code, 0) << r.err;
}

TEST_F(TrainCli, ASoftPromptsNearestTokensAreNamed) {
  const CliResult r = run_linnet(arguments(
      out(), {"--method", "prompt", "--virtual-tokens", "2", "--max-steps", "2", "--dtype", "auto", "--json"}));
  ASSERT_EQ(r.exit_code, 0) << r.err;
  const Json nearest = json_lines(r.out).back()["summary"]["nearest_tokens"];
  ASSERT_EQ(nearest.size(), 2U);
  for (const Json& row : nearest) {
    ASSERT_EQ(row.size(), 3U);
    for (const Json& token : row) EXPECT_FALSE(token.get<std::string>().empty());
  }
}

TEST_F(TrainCli, WrongUsageIsTwo) {
  EXPECT_EQ(run_linnet({"train", "-m", model().string(), "-o", out().string()}).exit_code, 2);
  EXPECT_EQ(run_linnet({"train", "-m", model().string(), "--data", data().string()}).exit_code, 2);
  EXPECT_EQ(run_linnet(arguments(out(), {"--method", "dora"})).exit_code, 2);
  const CliResult none = run_linnet(arguments(out(), {"--batch-size", "0"}));
  EXPECT_EQ(none.exit_code, 2);
  EXPECT_NE(none.err.find("--batch-size: 0 is not 1 or more"), std::string::npos) << none.err;
  EXPECT_EQ(run_linnet(arguments(out(), {"--seed", "-1"})).exit_code, 2);
  EXPECT_EQ(run_linnet(arguments(out(), {"--class-weights", "1,x,2"})).exit_code, 2);
  fs::create_directory(out());
  write_file(out() / "thesis.txt", "not to be written over");
  const CliResult r = run_linnet(arguments(out()));
  EXPECT_EQ(r.exit_code, 2);
  EXPECT_NE(r.err.find("is not empty"), std::string::npos) << r.err;
}

TEST_F(TrainCli, WhatWouldDoNothingIsRefused) {
  const std::vector<std::vector<std::string>> idle{{"--learning-rate", "0"},
                                                   {"--momentum", "0"},
                                                   {"--dtype", "f16"},
                                                   {"--dtype", "q8"},
                                                   {"--head", "mlp"},
                                                   {"--pooling", "mean"},
                                                   {"--method", "lora", "--freeze", "encoder"},
                                                   {"--method", "lora", "--from-scratch"},
                                                   {"--rslora"},
                                                   {"--lora-r", "8"},
                                                   {"--method", "auto", "--lora-r", "8"},
                                                   {"--packing", "--task", "classify"},
                                                   {"--method", "lora", "--virtual-tokens", "5"},
                                                   {"--task", "classify", "--mask-probability", "0.2"},
                                                   {"--early-stopping", "1", "--valid-fraction", "0"}};
  for (const auto& more : idle) {
    const CliResult r = run_linnet(arguments(out(), more));
    EXPECT_EQ(r.exit_code, 2) << more.back() << r.err;
    const bool first = more.size() < 4;
    EXPECT_NE(r.err.find(first ? more.front() : more[2]), std::string::npos) << r.err;
    EXPECT_FALSE(fs::exists(out() / "config.json"));
  }
}

TEST_F(TrainCli, AnAdapterGoesOnWithItsOwnLabels) {
  write_file(data(), labelled_rows(24, 7, {"no", "yes"}));
  ASSERT_EQ(run_linnet(arguments(out(), {"--method", "lora", "--new-head", "--epochs", "1"})).exit_code, 0);
  write_file(data(), labelled_rows(8, 7, {"yes"}));
  const auto goes_on = [&](const char* into, const std::vector<std::string>& more = {}) {
    std::vector<std::string> all{
        "train",       "-m", out().string(),     "--data", data().string(), "-o", out(into).string(),
        "--max-steps", "1",  "--valid-fraction", "0"};
    all.insert(all.end(), more.begin(), more.end());
    return run_linnet(all);
  };
  ASSERT_EQ(goes_on("on").exit_code, 0);
  EXPECT_EQ(read_json(out("on") / "config.json")["id2label"], Json({{"0", "no"}, {"1", "yes"}}));
  EXPECT_EQ(goes_on("sized", {"--lora-r", "4"}).exit_code, 2);
  const CliResult beside = run_linnet({"train", "-m", model().string(), "--adapter", out().string(), "--data",
                                       data().string(), "-o", out("beside").string(), "--lora-r", "4"});
  EXPECT_EQ(beside.exit_code, 2) << "--adapter says the same as -m ADAPTER";
  write_file(data(), labelled_rows(8, 7, {"other", "yes"}));
  const CliResult other = goes_on("other");
  EXPECT_EQ(other.exit_code, 3);
  EXPECT_NE(other.err.find("other"), std::string::npos) << other.err;
}

// As in PEFT: without a config.json next to it the labels have no names.
TEST_F(TrainCli, AForeignAdapterGoesOn) {
  write_file(data(), labelled_rows(12, 7, {"a", "b", "c"}));
  for (const char* name : {"llama-classifier-lora", "bert-classifier-lora"}) {
    const auto adapter = fixtures() / "adapters" / name;
    ASSERT_FALSE(fs::exists(adapter / "config.json"));
    const CliResult r = run_linnet({"train", "-m", adapter.string(), "--data", data().string(), "-o",
                                    out(name).string(), "--max-steps", "1", "--valid-fraction", "0"});
    EXPECT_TRUE(r.exit_code == 0 || r.exit_code == 3) << name << r.err;
    EXPECT_EQ(r.err.find("internal"), std::string::npos) << r.err;
  }
}

TEST_F(TrainCli, NextSentencesComeFromPlainTexts) {
  std::string rows;
  for (int i = 0; i < 12; ++i) rows += fmt::format("{{\"text\":\"w{0}. w{1}. w{0}.\"}}\n", 5 + i, 6 + i);
  write_file(data(), rows);
  for (const char* task : {"next-sentence", "masked-next-sentence"}) {
    const CliResult r =
        run_linnet({"train", "-m", (fixtures() / "bert/pretraining").string(), "--data", data().string(), "-o",
                    out(task).string(), "--task", task, "--max-steps", "2", "--batch-size", "4", "-t", "1"});
    EXPECT_EQ(r.exit_code, 0) << task << r.err;
  }
}

TEST_F(TrainCli, BadRowsAreThreeAndNamed) {
  const auto with_rows = [&](const std::string& rows) {
    write_file(data(), rows);
    const CliResult r = run_linnet(arguments(out()));
    EXPECT_EQ(r.out, "");
    EXPECT_FALSE(fs::exists(out() / "model.safetensors"));
    return r;
  };
  EXPECT_EQ(with_rows("").exit_code, 3);
  EXPECT_EQ(with_rows("{\"text\":\"w5\",\"label\":\"purple\"}\n").exit_code, 3);
  CliResult r = with_rows("{\"text\":\"w5\",\"label\":\"red\"}\n{\"text\":\"w\xff\",\"label\":\"red\"}\n");
  EXPECT_EQ(r.exit_code, 3);
  EXPECT_NE(r.err.find("rows.jsonl:2"), std::string::npos) << r.err;
  r = with_rows("{\"text\":\"w5\",\"label\":\"red\"}\n{\"text\":\"w6\"}\n");
  EXPECT_EQ(r.exit_code, 3);
  EXPECT_NE(r.err.find("rows.jsonl:2"), std::string::npos) << r.err;
}

TEST_F(TrainCli, OneRowAndWindowsLineEndsWork) {
  write_file(data(), "\xEF\xBB\xBF{\"text\":\"w5\",\"label\":\"red\"}\r\n");
  const CliResult r = run_linnet(arguments(out(), {"--epochs", "1"}));
  EXPECT_EQ(r.exit_code, 0) << r.err;
}

TEST_F(TrainCli, PathsMayHoldAnything) {
  const CliResult r = run_linnet(arguments(out("ausgänge und 出力"), {"--max-steps", "2"}));
  EXPECT_EQ(r.exit_code, 0) << r.err;
  EXPECT_TRUE(fs::exists(out("ausgänge und 出力") / "config.json"));
  fs::create_directory(out("elsewhere"));
  fs::create_directory_symlink(out("elsewhere"), out("link"));
  EXPECT_EQ(run_linnet(arguments(out("link"), {"--max-steps", "2"})).exit_code, 0);
  EXPECT_TRUE(fs::exists(out("elsewhere") / "config.json"));
  const CliResult longest = run_linnet(arguments(out(std::string(4000, 'x')), {"--max-steps", "2"}));
  EXPECT_EQ(longest.exit_code, 1) << longest.err;
  EXPECT_NE(longest.err.find("linnet: error: "), std::string::npos);
}

// The first step of the warm-up has a rate of 0, the second one diverges.
TEST_F(TrainCli, NumbersThatAreNotFiniteAreOne) {
  const CliResult r =
      run_linnet(arguments(out(), {"--learning-rate", "1e30", "--max-steps", "2", "--save-every", "1"}));
  EXPECT_EQ(r.exit_code, 1);
  EXPECT_NE(r.err.find("checkpoint-1 is the last good checkpoint"), std::string::npos) << r.err;
  EXPECT_EQ(manifest_fault(checkpoint_path(out(), 1)), "");
  EXPECT_EQ(checkpoint_steps(out()).back(), 1);
  EXPECT_FALSE(fs::exists(out() / "config.json"));
}

TEST_F(TrainCli, AReaderThatGoesCostsNothing) {
  const CliResult r =
      run_linnet(arguments(out(), {"--save-every", "1000", "--json"}), {.stdout_kind = Stdout::kClosedPipe});
  EXPECT_EQ(r.exit_code, 0) << r.err;
  EXPECT_EQ(r.err.find("error"), std::string::npos) << r.err;
  EXPECT_EQ(newest_checkpoint(out()), checkpoint_path(out(), 1));
  EXPECT_FALSE(fs::exists(out() / "config.json"));
}

TEST_F(TrainCli, OnlyARunIsResumed) {
  fs::copy(model(), out());
  const std::string before = hash_of(out() / "model.safetensors");
  CliResult r = run_linnet(arguments(out(), {"--resume"}));
  EXPECT_EQ(r.exit_code, 2);
  EXPECT_NE(r.err.find("holds no run to resume"), std::string::npos) << r.err;
  EXPECT_EQ(hash_of(out() / "model.safetensors"), before);
  fs::create_directory(out("empty"));
  r = run_linnet(arguments(out("empty"), {"--resume", "--max-steps", "2"}));
  EXPECT_EQ(r.exit_code, 0) << r.err;
}

TEST_F(TrainCli, LittleMemoryIsACleanError) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer's shadow memory needs all addresses";
  int refused = 0;
  for (const std::uint64_t mebibytes : {34, 36, 38, 40}) {
    const CliResult r = run_linnet(arguments(out(), {"--batch-size", "60"}), {.address_space = mebibytes << 20});
    EXPECT_LT(r.exit_code, 128) << mebibytes << " MiB: " << r.err;
    if (r.exit_code != 0) ++refused;
  }
  EXPECT_GT(refused, 0);
}

TEST_F(TrainCli, ControlCSavesAndResumingGivesTheSameBits) {
  const std::vector<std::string> how{"--epochs", "20", "--save-every", "50"};
  const CliResult whole = run_linnet(arguments(out("whole"), how));
  ASSERT_EQ(whole.exit_code, 0) << whole.err;
  CliOptions stop{.signal = SIGINT, .signal_after_s = 0.5 * whole.seconds};
  CliResult r = run_linnet(arguments(out(), how), stop);
  ASSERT_EQ(r.exit_code, 130) << r.err;
  ASSERT_TRUE(newest_checkpoint(out()).has_value()) << r.err;
  std::vector<std::string> again = how;
  again.emplace_back("--resume");
  r = run_linnet(arguments(out(), again));
  ASSERT_EQ(r.exit_code, 0) << r.err;
  EXPECT_EQ(hash_of(out() / "model.safetensors"), hash_of(out("whole") / "model.safetensors"));
}

// Kills a run at random moments and resumes it each time.
void kill_and_resume(const std::vector<std::string>& command, const fs::path& output, double seconds, int kills,
                     const std::string& expected, const std::string& weights) {
  Rng rng(11);
  for (int killed = 0; killed < kills;) {
    fs::remove_all(output);
    for (bool finished = false; !finished;) {
      const bool last = killed >= kills;
      CliOptions options;
      if (!last) options = {.signal = SIGKILL, .signal_after_s = rng.uniform() * seconds};
      const CliResult r = run_linnet(command, options);
      ASSERT_TRUE(r.exit_code == 0 || r.exit_code == 137) << r.err;
      killed += r.exit_code == 137;
      finished = r.exit_code == 0;
      expect_whole(output);
    }
    ASSERT_EQ(hash_of(output / weights), expected);
  }
}

TEST_F(TrainCli, KilledRunsEndWithTheSameBits) {
  const std::vector<std::string> how{"--epochs", "6", "--save-every", "3", "--resume"};
  const CliResult whole = run_linnet(arguments(out("whole"), how));
  ASSERT_EQ(whole.exit_code, 0) << whole.err;
  kill_and_resume(arguments(out(), how), out(), whole.seconds, 6, hash_of(out("whole") / "model.safetensors"),
                  "model.safetensors");
}

using TrainCliSlow = TrainCli;
TEST_F(TrainCliSlow, TwoHundredKills) {
  const std::vector<std::string> how{"--epochs", "6", "--save-every", "3", "--resume"};
  for (const char* method : {"full", "lora"}) {
    std::vector<std::string> more = how;
    more.insert(more.end(), {"--method", method});
    std::vector<std::string> command = arguments(out("whole"), more);
    const CliResult whole = run_linnet(command);
    ASSERT_EQ(whole.exit_code, 0) << whole.err;
    const std::string weights = std::string(method) == "full" ? "model.safetensors" : "adapter_model.safetensors";
    const std::string expected = hash_of(out("whole") / weights);
    std::replace(command.begin(), command.end(), out("whole").string(), out().string());
    kill_and_resume(command, out(), whole.seconds, 100, expected, weights);
    fs::remove_all(out("whole"));
  }
}

}  // namespace
}  // namespace linnet::test
