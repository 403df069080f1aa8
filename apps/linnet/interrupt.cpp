#include "interrupt.h"

#include <signal.h>  // NOLINT: sigaction is POSIX, not in <csignal>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <memory>
#include <system_error>

#include "linnet/base/error.h"
#include "linnet/base/file.h"
#include "linnet/base/parallel.h"
#include "terminal_state.h"

namespace linnet::app {

namespace {

std::atomic<bool> polite{false};
std::atomic<int> signals{0};
std::atomic<bool> continued{false};
sigset_t taken;    // signals of the signal thread
termios at_start;  // of standard input
bool has_terminal = false;

void say(const char* text) {
  const ssize_t written = write(STDERR_FILENO, text, std::strlen(text));
  static_cast<void>(written);
}

void take_bar_away() {
  if (isatty(STDERR_FILENO) == 1) say("\r\033[K");
}

// Blocks further output to stderr, unless another writer is stuck.
bool hold_stderr() {
  for (int attempt = 0; attempt < 50; ++attempt) {
    if (ftrylockfile(stderr) == 0) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return false;
}

bool in_foreground() { return has_terminal && tcgetpgrp(STDIN_FILENO) == getpgrp(); }

[[noreturn]] void end_at_once() {
  hold_stderr();  // errors of work whose files are removed are not shown
  take_bar_away();
  if (in_foreground()) tcsetattr(STDIN_FILENO, TCSANOW, &at_start);
  restore_terminal();
  remove_unfinished();
  _exit(130);
}

// Performs the default action of SIGTSTP, with the terminal as the shell expects it.
void stop_here() {
  termios before{};
  const bool terminal = in_foreground() && tcgetattr(STDIN_FILENO, &before) == 0;
  const bool held = hold_stderr();
  take_bar_away();
  if (terminal) tcsetattr(STDIN_FILENO, TCSANOW, &at_start);
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTSTP);
  pthread_sigmask(SIG_UNBLOCK, &stop, nullptr);
  raise(SIGTSTP);  // returns after SIGCONT
  pthread_sigmask(SIG_BLOCK, &stop, nullptr);
  if (terminal && in_foreground()) tcsetattr(STDIN_FILENO, TCSANOW, &before);
  if (held) funlockfile(stderr);
}

void take(int signal) {
  switch (signal) {
    case SIGTSTP:
      return stop_here();
    case SIGCONT:
      continued = true;
      return;
    case SIGWINCH:  // drawing code reads the size
      return;
    default:
      if (signals.fetch_add(1) > 0 || !polite) end_at_once();
  }
}

void wait_for_signals(const std::stop_token& stop) {
  for (;;) {
    int signal = 0;
    if (sigwait(&taken, &signal) != 0) continue;
    if (stop.stop_requested()) return;
    take(signal);
  }
}

// A page of a mapped file cannot be read: another program truncated the file, or its disk fails.
void handle_lost_page(int number, siginfo_t* info, void*) {
  const char* const file = mapped_file_at(info->si_addr);
  if (file == nullptr) {
    signal(number, SIG_DFL);  // a bug: the instruction runs again and shows it
    return;
  }
  take_bar_away();
  say("linnet: error: ");
  say(file);
  say(": can no longer be read (cut off by another program, or its disk fails); start again with a whole copy\n");
  remove_unfinished();
  _exit(3);
}

// The stack of a thread's signal handler.
class SignalStack {
 public:
  SignalStack() {
    stack_t stack{};
    stack.ss_sp = memory_->data();
    stack.ss_size = memory_->size();
    sigaltstack(&stack, nullptr);
  }
  ~SignalStack() {
    stack_t none{};
    none.ss_flags = SS_DISABLE;
    sigaltstack(&none, nullptr);
  }
  SignalStack(const SignalStack&) = delete;
  SignalStack& operator=(const SignalStack&) = delete;

 private:
  using Memory = std::array<std::byte, std::size_t{1} << 16>;  // the AVX-512 registers alone take 3 KiB
  std::unique_ptr<Memory> memory_ = std::make_unique<Memory>();
};
void take_signal_stack() { thread_local const SignalStack stack; }

}  // namespace

void block_signals() {
  sigemptyset(&taken);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGTSTP, SIGWINCH}) {
    struct sigaction now = {};
    const bool ignored = sigaction(signal, nullptr, &now) == 0 && now.sa_handler == SIG_IGN;
    if (!ignored) sigaddset(&taken, signal);
  }
  signal(SIGCONT, SIG_DFL);  // it also wakes the signal thread at its end, so it is never ignored
  sigaddset(&taken, SIGCONT);
  pthread_sigmask(SIG_BLOCK, &taken, nullptr);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);
}

SignalThread::SignalThread() {
  has_terminal = tcgetattr(STDIN_FILENO, &at_start) == 0;
  on_thread_start(take_signal_stack);
  take_signal_stack();
  struct sigaction lost = {};
  lost.sa_sigaction = handle_lost_page;
  lost.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigemptyset(&lost.sa_mask);
  sigaction(SIGBUS, &lost, nullptr);
  try {
    thread_ = std::jthread(wait_for_signals);
  } catch (const std::system_error& error) {
    fail(ErrorKind::kRuntime, "the thread that takes signals cannot be started ({}); allow more threads or memory",
         error.code().message());
  }
}

SignalThread::~SignalThread() {
  thread_.request_stop();
  pthread_kill(thread_.native_handle(), SIGCONT);
}

bool program_continued() { return continued.load(std::memory_order_relaxed) && continued.exchange(false); }

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
