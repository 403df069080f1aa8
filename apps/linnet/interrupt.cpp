#include "interrupt.h"

#include <signal.h>  // NOLINT: sigaction is POSIX, not in <csignal>
#include <unistd.h>

#include <atomic>

namespace linnet::app {

namespace {

std::atomic<bool> polite{false};
std::atomic<int> signals{0};
static_assert(std::atomic<int>::is_always_lock_free);

void handle(int) {
  if (signals.fetch_add(1) == 0 && polite.load()) return;
  if (isatty(STDERR_FILENO) == 1) {
    const ssize_t written = write(STDERR_FILENO, "\r\033[K", 4);  // takes a bar away
    static_cast<void>(written);
  }
  _exit(130);
}

}  // namespace

void install_signal_handlers() {
  struct sigaction action = {};
  action.sa_handler = handle;
  sigemptyset(&action.sa_mask);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction old = {};
    // What the parent told us to ignore (nohup, a background job) stays ignored.
    if (sigaction(signal, nullptr, &old) == 0 && old.sa_handler == SIG_IGN) continue;
    sigaction(signal, &action, nullptr);
  }
  signal(SIGPIPE, SIG_IGN);
}

PoliteInterrupt::PoliteInterrupt() {
  signals = 0;
  polite = true;
}
PoliteInterrupt::~PoliteInterrupt() {
  polite = false;
  signals = 0;
}
bool PoliteInterrupt::asked() { return signals.load() > 0; }
void PoliteInterrupt::clear() { signals = 0; }

}  // namespace linnet::app
