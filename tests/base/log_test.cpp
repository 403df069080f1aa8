#include "linnet/base/log.h"

#include <gtest/gtest.h>

namespace linnet {
namespace {

template <class Body>
std::string on_stderr(Body body) {
  ::testing::internal::CaptureStderr();
  body();
  return ::testing::internal::GetCapturedStderr();
}

TEST(Log, NotesAndWarningsGoToStderr) {
  EXPECT_EQ(on_stderr([] { note("{} of {}", 1, 2); }), "linnet: 1 of 2\n");
  EXPECT_EQ(on_stderr([] { warn("a loss of {}", "NaN"); }), "linnet: warning: a loss of NaN\n");
  ::testing::internal::CaptureStdout();
  on_stderr([] { note("x"); });
  EXPECT_EQ(::testing::internal::GetCapturedStdout(), "");
}

TEST(Log, BracesInAMessageAreText) {
  EXPECT_EQ(on_stderr([] { note("{}", "{} {0} {{"); }), "linnet: {} {0} {{\n");
}

TEST(Log, LevelsHideWhatIsBelow) {
  set_log_level(LogLevel::kWarning);
  EXPECT_EQ(on_stderr([] { note("x"); }), "");
  EXPECT_NE(on_stderr([] { warn("x"); }), "");
  set_log_level(LogLevel::kOff);
  EXPECT_EQ(on_stderr([] { warn("x"); }), "");
  set_log_level(LogLevel::kDebug);
  EXPECT_NE(on_stderr([] { log_message(LogLevel::kDebug, "x"); }), "");
  set_log_level(LogLevel::kNote);
  EXPECT_EQ(on_stderr([] { log_message(LogLevel::kDebug, "x"); }), "");
}

}  // namespace
}  // namespace linnet
