// The program under SIGINT, SIGTERM and SIGHUP at random moments while products run: it ends with 130, leaves complete
// checkpoints, and a resumed run has the same bits as one without signals.
#include <signal.h>  // NOLINT: SIGHUP is POSIX, not in <csignal>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "linnet/base/rng.h"
#include "tests/cli/train_cli.h"

namespace linnet::test {
namespace {

constexpr int kSignals[] = {SIGINT, SIGTERM, SIGHUP};

CliOptions at_random(Rng& rng, double seconds) {
  return {.signal = kSignals[rng.below(3)], .signal_after_s = rng.uniform() * seconds};
}

// Interrupts a run and resumes it, until it was interrupted the given number of times.
void interrupt_training(const std::vector<std::string>& command, const fs::path& output, const std::string& weights,
                        int interruptions) {
  std::vector<std::string> undisturbed = command;
  const fs::path whole_output = output.string() + "-whole";
  std::replace(undisturbed.begin(), undisturbed.end(), output.string(), whole_output.string());
  const CliResult whole = run_linnet(undisturbed);
  ASSERT_EQ(whole.exit_code, 0) << whole.err;
  const std::string expected = hash_of(whole_output / weights);
  Rng rng(5);
  for (int interrupted = 0; interrupted < interruptions;) {
    fs::remove_all(output);
    for (bool finished = false; !finished;) {
      const bool last = interrupted >= interruptions;
      const CliResult r = run_linnet(command, last ? CliOptions{} : at_random(rng, whole.seconds));
      ASSERT_TRUE(r.exit_code == 0 || r.exit_code == 130) << r.exit_code << r.err;
      interrupted += r.exit_code == 130;
      finished = r.exit_code == 0;
      expect_whole(output);
    }
    ASSERT_EQ(hash_of(output / weights), expected);
  }
}

// Ends with 130, or finishes before the signal.
void interrupt_answers(const std::vector<std::string>& command, const CliOptions& options, int interruptions) {
  const CliResult whole = run_linnet(command, options);
  ASSERT_EQ(whole.exit_code, 0) << whole.err;
  Rng rng(6);
  for (int interrupted = 0, runs = 0; interrupted < interruptions && runs < 4 * interruptions; ++runs) {
    CliOptions disturbed = at_random(rng, whole.seconds);
    disturbed.input = options.input;
    const CliResult r = run_linnet(command, disturbed);
    ASSERT_TRUE(r.exit_code == 0 || r.exit_code == 130) << command[0] << ": " << r.exit_code << r.err;
    interrupted += r.exit_code == 130;
  }
}

std::string sentences(int count) {
  constexpr const char* kWords[] = {"the",  "film", "was",   "good", "a",    "bad",  "day",  "we",
                                    "like", "it",   "never", "saw",  "such", "warm", "rain", "again"};
  Rng rng(9);
  std::string text;
  for (int i = 0; i < count; ++i) {
    for (std::uint64_t word = 0, words = 8 + rng.below(16); word < words; ++word)
      text += (word > 0 ? " " : "") + std::string(kWords[rng.below(16)]);
    text += "\n";
  }
  return text;
}

std::string labelled_sentences(int count) {
  std::string rows, all = sentences(count);
  std::size_t begin = 0;
  for (int i = 0; i < count; ++i) {
    const std::size_t end = all.find('\n', begin);
    rows += dump_json({{"text", all.substr(begin, end - begin)}, {"label", i % 2 == 0 ? "yes" : "no"}}) + "\n";
    begin = end + 1;
  }
  return rows;
}

// On a tiny model.
TEST_F(TrainCli, AnyPoliteSignalAtAnyMomentKeepsTheBits) {
  interrupt_training(arguments(out(), {"--epochs", "20", "--save-every", "50", "--batch-size", "8", "--resume"}), out(),
                     "model.safetensors", 6);
}

TEST(Interrupted, AnswersEndWith130) {
  const std::string causal = (fixtures() / "llama/causal").string(), encoder = (fixtures() / "bert/masked").string();
  interrupt_answers({"run", "-m", causal, "w1 w2", "-n", "20"}, {}, 2);
  interrupt_answers({"embed", "-m", encoder, "--dtype", "f32"}, {.input = "w5 w6\nw7\n"}, 2);
}

// Signals that the parent process ignores stay ignored.
TEST(Interrupted, UnderNohupAHangUpIsNotHeard) {
  const auto before = signal(SIGHUP, SIG_IGN);
  const CliResult r = run_linnet({"doctor", "--bench"}, {.signal = SIGHUP, .signal_after_s = 0.05});
  signal(SIGHUP, before);
  EXPECT_EQ(r.exit_code, 0) << r.err;
}

// SIGCONT also ends the thread that takes signals.
TEST(Interrupted, UnderAParentThatIgnoresSigcontTheProgramEnds) {
  const auto before = signal(SIGCONT, SIG_IGN);
  const CliResult r = run_linnet({"--version"});
  signal(SIGCONT, before);
  EXPECT_EQ(r.exit_code, 0) << r.err;
}

// A program that waits for standard input that never comes.
class Waiting {
 public:
  Waiting() {
    int ends[2];
    if (pipe(ends) != 0) return;
    child_ = fork();
    if (child_ == 0) {
      setpgid(0, 0);
      dup2(ends[0], STDIN_FILENO);
      close(ends[0]);
      close(ends[1]);
      const std::string model = (fixtures() / "bert/masked").string();
      execl(LINNET_BINARY, LINNET_BINARY, "embed", "-m", model.c_str(), nullptr);
      _exit(127);
    }
    close(ends[0]);
    write_end_ = ends[1];
    wait_for_main(child_);
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
  ~Waiting() {
    close(write_end_);
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
  }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;

  void send(int signal) const { kill(child_, signal); }
  // Status of a process that has stopped or ended.
  int status(int options = 0) const {
    int status = -1;
    waitpid(child_, &status, options);
    return status;
  }

 private:
  pid_t child_ = -1;
  int write_end_ = -1;
};

TEST(Interrupted, AReadThatWaitsHearsSignalsAtOnce) {
  for (const int signal : kSignals) {
    const Waiting program;
    const auto start = std::chrono::steady_clock::now();
    program.send(signal);
    const int status = program.status();
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 130) << status;
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(2));  // 100 ms on an idle machine
  }
}

TEST(Interrupted, ControlZStopsAndGoesOn) {
  const Waiting program;
  for (int round = 0; round < 2; ++round) {
    program.send(SIGTSTP);
    ASSERT_TRUE(WIFSTOPPED(program.status(WUNTRACED)));
    program.send(SIGWINCH);
    program.send(SIGCONT);
    ASSERT_TRUE(WIFCONTINUED(program.status(WCONTINUED)));
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  program.send(SIGTERM);
  const int status = program.status();
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 130) << status;
}

// 300 interruptions of the real models; training has products as large as those that aborted.
class InterruptedSlow : public TrainCli, public ::testing::WithParamInterface<const char*> {
 protected:
  static constexpr int kTimes = 40;  // of each verb in each type: 320
};

TEST_P(InterruptedSlow, Training) {
  const fs::path mini = cached_model("all-MiniLM-L6-v2");
  LINNET_NEEDS(mini);
  write_file(data(), labelled_sentences(384));
  interrupt_training({"train",
                      "-m",
                      mini.string(),
                      "--data",
                      data().string(),
                      "-o",
                      out().string(),
                      "--method",
                      "full",
                      "--batch-size",
                      "64",
                      "--epochs",
                      "2",
                      "--learning-rate",
                      "1e-4",
                      "--save-every",
                      "2",
                      "--dtype",
                      GetParam(),
                      "--resume"},
                     out(), "model.safetensors", kTimes);
}

TEST_P(InterruptedSlow, Answers) {
  const fs::path mini = cached_model("all-MiniLM-L6-v2"), smol = cached_model("SmolLM2-135M-Instruct.gguf");
  LINNET_NEEDS(mini);
  LINNET_NEEDS(smol);
  const std::string type = GetParam();
  interrupt_answers({"classify", "-m", smol.string(), "--labels", "positive,negative", "--dtype", type},
                    {.input = sentences(60)}, kTimes);
  interrupt_answers({"run", "-m", smol.string(), "--dtype", type, "-n", "60", sentences(20)}, {}, kTimes);
  interrupt_answers({"embed", "-m", mini.string(), "--dtype", type}, {.input = sentences(1000)}, kTimes);
}

INSTANTIATE_TEST_SUITE_P(Types, InterruptedSlow, ::testing::Values("f32", "bf16"),
                         [](const auto& type) { return std::string(type.param); });

}  // namespace
}  // namespace linnet::test
