// Ctrl-C and friends: the program ends with an exit code, never by a signal.
#pragma once

namespace linnet::app {

// SIGINT, SIGTERM and SIGHUP end the program with 130 at once, and what was being written goes. SIGPIPE and SIGXFSZ are
// ignored: who writes sees the closed pipe, or the file that may not grow. SIGBUS in a mapped file ends with 3.
void install_signal_handlers();

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
