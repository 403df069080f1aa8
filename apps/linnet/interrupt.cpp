#include "interrupt.h"

#include <signal.h>  // NOLINT: sigaction is POSIX, not in <csignal>
#include <unistd.h>

#include <atomic>
#include <cstring>

#include "linnet/base/file.h"

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
  remove_unfinished();
  _exit(130);
}

void say(const char* text) {
  const ssize_t written = write(STDERR_FILENO, text, std::strlen(text));
  static_cast<void>(written);
}

// Another program has cut off a file that is mapped: the pages behind its new end are gone.
void handle_lost_page(int number, siginfo_t* info, void*) {
  const char* const file = mapped_file_at(info->si_addr);
  if (file == nullptr) {
    signal(number, SIG_DFL);  // our own mistake: the instruction runs again and shows it
    return;
  }
  say("linnet: error: ");
  say(file);
  say(": became shorter while it was read; get it whole again and start anew\n");
  remove_unfinished();
  _exit(3);
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
  signal(SIGXFSZ, SIG_IGN);
  struct sigaction lost = {};
  lost.sa_sigaction = handle_lost_page;
  lost.sa_flags = SA_SIGINFO;
  sigemptyset(&lost.sa_mask);
  sigaction(SIGBUS, &lost, nullptr);
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
