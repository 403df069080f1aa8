// `linnet train --resume`, and the files of a failed run.
#include <gtest/gtest.h>
#include <signal.h>  // NOLINT: SIGINT is POSIX, not in <csignal>

#include "tests/cli/train_cli.h"

namespace linnet::test {
namespace {

class TrainResume : public TrainCli {
 protected:
  CliResult resume(const fs::path& output, const std::vector<std::string>& more = {}) {
    std::vector<std::string> all{"train", "--resume", "-o", output.string()};
    all.insert(all.end(), more.begin(), more.end());
    return run_linnet(all);
  }
};

// `train --resume -o DIR` alone, also from another working directory than that of its relative paths.
TEST_F(TrainResume, TheFolderAloneIsEnough) {
  const std::vector<std::string> how{"--epochs",     "20",       "--save-every",   "50",
                                     "--no-shuffle", "--freeze", "word_embeddings"};
  const CliResult whole = run_linnet(arguments(out("whole"), how));
  ASSERT_EQ(whole.exit_code, 0) << whole.err;
  std::vector<std::string> relative = arguments("out", how);
  for (std::string& argument : relative)
    if (argument == model().string() || argument == data().string()) argument = fs::path(argument).filename().string();
  CliResult r = run_linnet(
      relative,
      {.working_directory = scratch_.path().string(), .signal = SIGINT, .signal_after_s = 0.5 * whole.seconds});
  ASSERT_EQ(r.exit_code, 130) << r.err;
  ASSERT_TRUE(newest_checkpoint(out()).has_value()) << r.err;
  r = resume(out());
  ASSERT_EQ(r.exit_code, 0) << r.err;
  EXPECT_NE(r.err.find("going on from"), std::string::npos) << r.err;
  EXPECT_EQ(hash_of(out() / "model.safetensors"), hash_of(out("whole") / "model.safetensors"));
}

// More epochs are allowed; other changes are rejected by name with both values.
TEST_F(TrainResume, EpochsMayGrowAndWhatDiffersIsNamed) {
  ASSERT_EQ(run_linnet(arguments(out(), {"--epochs", "1"})).exit_code, 0);
  const CliResult more = resume(out(), {"--epochs", "2", "--json", "-t", "1"});
  ASSERT_EQ(more.exit_code, 0) << more.err;
  EXPECT_NE(more.err.find("28 steps instead of 14"), std::string::npos) << more.err;
  EXPECT_EQ(more.out.find("{\"step\":15"), 0u) << more.out.substr(0, 80);
  const auto refused = [&](const std::vector<std::string>& with, const std::string& says) {
    const CliResult r = resume(out(), with);
    EXPECT_EQ(r.exit_code, 3) << r.err;
    EXPECT_NE(r.err.find(says), std::string::npos) << r.err;
  };
  refused({"--epochs", "1"}, "--epochs and --max-steps may only grow");
  refused({"--learning-rate", "5e-3"}, "--learning-rate was 0.001, is 0.005");
  refused({"--batch-size", "8"}, "--batch-size was 4, is 8");
  EXPECT_EQ(resume(out(), {"--epochs", "0"}).exit_code, 2);
  EXPECT_EQ(resume(out(), {"--epoch"}).exit_code, 2);
  Json config = read_json(model() / "config.json");
  config["hidden_dropout_prob"] = 0.25;
  write_file(model() / "config.json", dump_json(config));
  refused({"--epochs", "3"}, "config.json hidden_dropout_prob was ");
  config["hidden_dropout_prob"] = 0.1;
  write_file(model() / "config.json", dump_json(config));
  write_file(data(), labelled_rows(60, 8));
  refused({"--epochs", "3"}, "the training data's rows 1 to 2 was");
}

// Recorded options are untrusted, too.
TEST_F(TrainResume, RecordedOptionsThatCannotBeAreTheFilesFault) {
  ASSERT_EQ(run_linnet(arguments(out(), {"--max-steps", "2"})).exit_code, 0);
  const fs::path folder = *newest_checkpoint(out());
  const Json whole = read_json(folder / "linnet_state.json");
  for (const auto& [name, value] :
       {std::pair("--batch-size", "x"), std::pair("--batch-size", "-1"), std::pair("--method", "dora"),
        std::pair("--no-such", "1"), std::pair("--output", "/tmp/x"), std::pair("--data", "no-such-file.jsonl"),
        std::pair("--decay-all", "maybe"), std::pair("--learning-rate", "\x1b[31m")}) {
    Json state = whole;
    state["recorded"][name] = {value};
    write_file(folder / "linnet_state.json", dump_json(state));
    write_manifest(folder);
    const CliResult r = resume(out());
    EXPECT_EQ(r.exit_code, 3) << name << value << r.err;
    EXPECT_EQ(r.err.find('\x1b'), std::string::npos) << r.err;
    EXPECT_NE(r.err.find("linnet: error: "), std::string::npos) << r.err;
  }
}

TEST_F(TrainResume, WithoutACheckpointTheDataIsNeeded) {
  const CliResult r = resume(out());
  EXPECT_EQ(r.exit_code, 2);
  EXPECT_NE(r.err.find("--data"), std::string::npos) << r.err;
  EXPECT_FALSE(fs::exists(out()));
}

// Logs and folders of a failed run; the same if it is interrupted before its first step.
TEST_F(TrainResume, AFailedRunLeavesNothing) {
  const CliResult r =
      run_linnet(arguments(out("a/b"), {"--learning-rate", "1e30", "--max-steps", "9", "--save-every", "9"}));
  EXPECT_EQ(r.exit_code, 1) << r.err;
  EXPECT_FALSE(fs::exists(out("a"))) << r.err;
  fs::create_directory(out("empty"));
  EXPECT_EQ(run_linnet(arguments(out("empty"), {"--learning-rate", "1e30", "--max-steps", "9", "--save-every", "9"}))
                .exit_code,
            1);
  EXPECT_TRUE(fs::is_empty(out("empty")));
}

// Labels, columns and file names in the plan, the messages, the card and the report.
TEST_F(TrainResume, ForeignTextIsEscapedEverywhere) {
  const std::string evil = "<script>\x1b[31m\u202e|`x`";
  std::string rows;
  for (int i = 0; i < 24; ++i)
    rows += dump_json({{"text", "w" + std::to_string(10 + i)},
                       {"label", i % 3 == 0   ? evil
                                 : i % 3 == 1 ? "b"
                                              : "c"}}) +
            "\n";
  const fs::path strange = out("rows\x1b[32m.jsonl");
  write_file(strange, rows);
  std::vector<std::string> how = arguments(out(), {"--epochs", "1", "--new-head", "--valid-fraction", "0.3"});
  std::replace(how.begin(), how.end(), data().string(), strange.string());
  const CliResult r = run_linnet(how);
  ASSERT_EQ(r.exit_code, 0) << r.err;
  for (const std::string& text : {r.out, r.err, read_file(out() / "README.md"), read_file(out() / "report.html")}) {
    EXPECT_EQ(text.find('\x1b'), std::string::npos);
    EXPECT_EQ(text.find("\u202e"), std::string::npos);
  }
  EXPECT_EQ(read_file(out() / "report.html").find("<script"), std::string::npos);
  EXPECT_NE(read_file(out() / "README.md").find("\\<script\\>"), std::string::npos);
}

}  // namespace
}  // namespace linnet::test
