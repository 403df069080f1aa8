// Handles Ctrl-C and similar signals: the program ends with an exit code, never by a signal.
//
//   int main(…) {
//     block_signals();           // before any thread exists, and before exec
//     const SignalThread signals;
//
// No handler runs on a thread that computes: the signals are blocked everywhere, and one thread waits for them.
#pragma once

#include <thread>

namespace linnet::app {

// Blocks the signals of the signal thread: SIGINT, SIGTERM, SIGHUP, SIGTSTP, SIGCONT and SIGWINCH, except those that
// the parent process ignores (nohup). The mask and pending signals survive exec. Ignores SIGPIPE and SIGXFSZ: the
// writer gets an error for a closed pipe or the file size limit.
void block_signals();

// SIGINT, SIGTERM and SIGHUP end the program with 130 immediately and remove unfinished files. SIGTSTP restores the
// terminal and stops the program. SIGBUS in a mapped file ends it with 3, on its own stack.
class SignalThread {
 public:
  SignalThread();
  ~SignalThread();
  SignalThread(const SignalThread&) = delete;
  SignalThread& operator=(const SignalThread&) = delete;

 private:
  std::jthread thread_;
};

// True if the program was stopped and continued since the last call: then its line must be redrawn, below the output of
// others. Costs one load.
bool program_continued();

// During its lifetime the first signal only sets a flag, so that the work can be saved; the second one ends
// immediately.
class PoliteInterrupt {
 public:
  PoliteInterrupt();
  ~PoliteInterrupt();
  PoliteInterrupt(const PoliteInterrupt&) = delete;
  PoliteInterrupt& operator=(const PoliteInterrupt&) = delete;

  static bool asked();  // true after a signal
  static void clear();  // the signal was handled
};

}  // namespace linnet::app
