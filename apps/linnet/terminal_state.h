// The terminal as it was before the program changed its settings, for whoever ends the process: the settings outlive
// it.
#pragma once

namespace linnet::app {

void remember_terminal();          // of standard input; once, before the first change
void restore_terminal() noexcept;  // nothing if nothing was remembered; safe in a signal handler and from any thread

}  // namespace linnet::app
