// Ctrl-C and friends: the program ends with an exit code, never by a signal.
//
//   int main(…) {
//     block_signals();           // before any thread exists, and before exec
//     const SignalThread signals;
//
// No handler of these runs on a thread that computes: they are blocked everywhere, and one thread waits for them.
#pragma once

#include <thread>

namespace linnet::app {

// Blocks what the signal thread takes: SIGINT, SIGTERM, SIGHUP, SIGTSTP, SIGCONT and SIGWINCH, without those that the
// parent process told us to ignore (nohup). The mask and what is pending survive exec. SIGPIPE and SIGXFSZ are ignored:
// the writer sees the closed pipe, or the file that may not grow.
void block_signals();

// SIGINT, SIGTERM and SIGHUP end the program with 130 at once, and remove what was being written. SIGTSTP gives the
// terminal back as it was and stops the program. SIGBUS in a mapped file ends it with 3, on a stack of its own.
class SignalThread {
 public:
  SignalThread();
  ~SignalThread();
  SignalThread(const SignalThread&) = delete;
  SignalThread& operator=(const SignalThread&) = delete;

 private:
  std::jthread thread_;
};

// Whether since the last call the program went on after it had been stopped: what it was drawing must be drawn again,
// below what others have written. Costs one load.
bool program_continued();

// While one lives, the first signal only sets a flag, so that the work can save what it has; the second one ends at
// once.
class PoliteInterrupt {
 public:
  PoliteInterrupt();
  ~PoliteInterrupt();
  PoliteInterrupt(const PoliteInterrupt&) = delete;
  PoliteInterrupt& operator=(const PoliteInterrupt&) = delete;

  static bool asked();  // a signal has come
  static void clear();  // it has been dealt with
};

}  // namespace linnet::app
