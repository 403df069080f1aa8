#include "terminal_state.h"

#include <termios.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <string_view>

namespace linnet::app {

namespace {

termios remembered{};
std::atomic<bool> changed{false};

void set_signal_keys(bool on) {
  termios now{};
  if (tcgetattr(STDIN_FILENO, &now) != 0) return;
  const tcflag_t others = now.c_lflag & ~static_cast<tcflag_t>(ISIG);
  now.c_lflag = on ? others | ISIG : others;
  tcsetattr(STDIN_FILENO, TCSANOW, &now);
}

}  // namespace

bool terminal_breaks_lines() {
  const char* const terminal = std::getenv("TERM");
  return std::getenv("XTERM_VERSION") == nullptr && (terminal == nullptr || std::string_view(terminal) != "linux");
}

SignalKeys::SignalKeys() { set_signal_keys(true); }
SignalKeys::~SignalKeys() { set_signal_keys(false); }

void remember_terminal() {
  if (!changed.load() && tcgetattr(STDIN_FILENO, &remembered) == 0) changed = true;
}

void restore_terminal() noexcept {
  if (!changed.exchange(false)) return;
  constexpr char kNoPasteMarks[] = "\033[?2004l";
  const ssize_t written = write(STDIN_FILENO, kNoPasteMarks, sizeof(kNoPasteMarks) - 1);
  static_cast<void>(written);
  tcsetattr(STDIN_FILENO, TCSANOW, &remembered);
}

}  // namespace linnet::app
