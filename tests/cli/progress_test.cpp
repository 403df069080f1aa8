// Progress in a terminal of any width, and in a log.
#include <gtest/gtest.h>
#include <signal.h>  // NOLINT: SIGINT

#include "apps/linnet/text_width.h"
#include "apps/linnet/work_rate.h"
#include "tests/cli/terminal_session.h"
#include "tests/cli/train_cli.h"

namespace linnet::test {
namespace {

// The remaining time counted the steps before a resume.
TEST(WorkRate, WorkBeforeThisRunCountsForNothing) {
  app::WorkRate rate;
  rate.start_at(900);
  EXPECT_EQ(rate.seconds_left(1000), std::nullopt);
  rate.measure(910, 10);
  EXPECT_DOUBLE_EQ(rate.per_second(), 1);
  EXPECT_EQ(rate.seconds_left(1000), 90);
}

// Work that changes its speed.
TEST(WorkRate, FollowsTheWorkWithoutJumping) {
  app::WorkRate rate;
  std::int64_t done = 0;
  int second = 0;
  for (; second < 60; ++second) rate.measure(done += 10, second + 1);
  EXPECT_NEAR(rate.per_second(), 10, 1e-9);
  rate.measure(done, ++second + 4);  // a pause of five seconds
  EXPECT_GT(rate.per_second(), 7);
  for (int i = 0; i < 120; ++i) rate.measure(done += 2, ++second + 4);
  EXPECT_NEAR(rate.per_second(), 2, 0.3);
}

// The widest line in this part of the output.
std::size_t widest_draw(std::string_view output) {
  std::size_t widest = 0;
  for (std::size_t at = 0; (at = output.find("training", at)) != output.npos; ++at) {
    const auto begin = output.rfind("\033[", at);
    if (begin == output.npos || at - begin > 4) continue;  // a word of the plan
    const auto end = std::min(output.find_first_of("\r\n\033", at), output.size());
    widest = std::max(widest, app::display_width(output.substr(at, end - at)));
  }
  return widest;
}

class ProgressInATerminal : public TrainCli {
 protected:
  void SetUp() override {
    if (!terminals_here()) GTEST_SKIP() << "no pseudo-terminal can be had here (/dev/ptmx, /dev/pts)";
  }
  std::vector<std::string> long_run() const {
    return arguments(out(), {"--max-steps", "1000000", "--eval-every", "1000000", "--save-every", "1000000"});
  }
};

// Under 120 columns every step printed new lines; resized while running.
TEST_F(ProgressInATerminal, FitsEveryWidthAlsoWhenResized) {
  TerminalSession run(long_run(), {.columns = 60});
  ASSERT_TRUE(run.wait_for("training [")) << run.output();
  run.read_for(1);
  std::size_t from = run.output().find("training [");
  int columns = 60;
  for (const int next : {80, 120, 20, 200, 33}) {
    const std::string part = run.output().substr(from);
    const std::size_t widest = widest_draw(part);
    EXPECT_GT(widest, 0u) << columns;
    EXPECT_LT(widest, static_cast<std::size_t>(columns)) << part;
    EXPECT_EQ(part.find('\n'), std::string::npos) << part;
    run.resize(columns = next);
    run.read_for(0.4);  // output in transit
    from = run.output().size();
    run.read_for(0.8);
  }
  EXPECT_EQ(run.output().substr(from).find('\n'), std::string::npos);
  run.type("\x03");
  EXPECT_EQ(run.finish(), 130) << run.output();
}

// Outside a terminal: one line, then silence for an epoch.
TEST_F(ProgressInATerminal, OutsideATerminalALineSaysHowLongItTakes) {
  CliOptions stop;
  stop.signal = SIGINT;
  stop.signal_after_s = 6;
  const CliResult r = run_linnet(long_run(), stop);
  EXPECT_EQ(r.exit_code, 130) << r.err;
  const auto line = r.err.find("training: ");
  ASSERT_NE(line, std::string::npos) << r.err;
  EXPECT_NE(r.err.find("/1000000 steps, ", line), std::string::npos) << r.err;
  EXPECT_NE(r.err.find(" left, loss ", line), std::string::npos) << r.err;
  EXPECT_EQ(r.err.find("training: ", line + 1), std::string::npos) << "the next one comes after 30 seconds";
  EXPECT_EQ(r.err.find('\033'), std::string::npos);
}

TEST_F(ProgressInATerminal, QuietSaysNothing) {
  std::vector<std::string> quiet = arguments(out(), {"--max-steps", "3", "--learning-rate", "1e-5", "-q"});
  const CliResult r = run_linnet(quiet);
  EXPECT_EQ(r.exit_code, 0) << r.err;
  EXPECT_EQ(r.err, "");
}

}  // namespace
}  // namespace linnet::test
