// Saves the terminal's settings before the program changes them, and restores them at its end.
#pragma once

namespace linnet::app {

void remember_terminal();          // of standard input; call it once, before the first change
void restore_terminal() noexcept;  // no effect if nothing was saved; safe in a signal handler and on any thread

// During its lifetime, Ctrl-C and Ctrl-Z are signals, although the line editor uses them as keys.
class SignalKeys {
 public:
  SignalKeys();
  ~SignalKeys();
  SignalKeys(const SignalKeys&) = delete;
  SignalKeys& operator=(const SignalKeys&) = delete;
};

// True if a terminal wraps its lines on becoming narrower, instead of truncating them.
bool terminal_breaks_lines();

}  // namespace linnet::app
