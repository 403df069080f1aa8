#include "thread_waits.h"

#include <sys/auxv.h>
#include <unistd.h>

#include <climits>
#include <cstdlib>

namespace linnet::app {
namespace {

constexpr const char* kSpinCount = "GOMP_SPINCOUNT";
constexpr const char* kShort = "1000";  // tens of microseconds: longer than the gaps within a token

}  // namespace

void shorten_thread_waits(char** argv) {
  if (std::getenv(kSpinCount) != nullptr || std::getenv("OMP_WAIT_POLICY") != nullptr) return;
  if (getauxval(AT_BASE) == 0) return;  // started by the loader: an exec would run the loader without the program
  char self[PATH_MAX];
  const ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
  if (length <= 0) return;
  self[length] = '\0';
  if (setenv(kSpinCount, kShort, 0) != 0) return;
  execv(self, argv);
  unsetenv(kSpinCount);
}

std::string thread_spin_count() {
  const char* const count = std::getenv(kSpinCount);
  return count == nullptr ? "" : count;
}

}  // namespace linnet::app
