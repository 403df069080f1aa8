// The terminal as it was before the program changed its settings, for whoever ends the process: the settings outlive
// it.
#pragma once

namespace linnet::app {

void remember_terminal();          // of standard input; once, before the first change
void restore_terminal() noexcept;  // nothing if nothing was remembered; safe in a signal handler and from any thread

// While one lives, Ctrl-C and Ctrl-Z in a terminal whose line editor takes them as keys are signals.
class SignalKeys {
 public:
  SignalKeys();
  ~SignalKeys();
  SignalKeys(const SignalKeys&) = delete;
  SignalKeys& operator=(const SignalKeys&) = delete;
};

// A terminal that became narrower has broken its lines into several, unless it is one that cuts lines.
bool terminal_breaks_lines();

}  // namespace linnet::app
