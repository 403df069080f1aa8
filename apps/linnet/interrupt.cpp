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

void say(const char* text) {
  const ssize_t written = write(STDERR_FILENO, text, std::strlen(text));
  static_cast<void>(written);
}

void take_bar_away() {
  if (isatty(STDERR_FILENO) == 1) say("\r\033[K");
}

void handle(int) {
  if (signals.fetch_add(1) == 0 && polite.load()) return;
  take_bar_away();
  remove_unfinished();
  _exit(130);
}

// A page of a mapped file cannot be read: another program has cut the file off, or its disk fails.
void handle_lost_page(int number, siginfo_t* info, void*) {
  const char* const file = mapped_file_at(info->si_addr);
  if (file == nullptr) {
    signal(number, SIG_DFL);  // our own mistake: the instruction runs again and shows it
    return;
  }
  take_bar_away();
  say("linnet: error: ");
  say(file);
  say(": can no longer be read (cut off by another program, or its disk fails); start again with a whole copy\n");
  remove_unfinished();
  _exit(3);
}

}  // namespace

void install_signal_handlers() {
  struct sigaction action = {};
  action.sa_handler = handle;
  sigemptyset(&action.sa_mask);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&action.sa_mask, signal);
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
