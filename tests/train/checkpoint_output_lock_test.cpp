#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "linnet/base/error.h"
#include "linnet/base/file.h"
#include "linnet/train/checkpoint/checkpointing.h"
#include "tests/scratch.h"

namespace linnet {
namespace {

TEST(OutputLock, SecondTrainerIsRefused) {
  const Scratch output;
  const OutputLock lock(output.path());
  const pid_t child = ::fork();
  if (child == 0) {
    try {
      const OutputLock second(output.path());
      ::_exit(0);
    } catch (const Error&) {
      ::_exit(7);
    }
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 7);
}

TEST(OutputLock, LockOfADeadOrOtherProcessIsTakenOver) {
  const Scratch output;
  write_file(output.path() / ".linnet-train.lock", "999999999 12345\n");
  { const OutputLock lock(output.path()); }
  // This process's number with another start time: a reused number.
  write_file(output.path() / ".linnet-train.lock", std::to_string(::getppid()) + " 1\n");
  const OutputLock lock(output.path());
}

}  // namespace
}  // namespace linnet
