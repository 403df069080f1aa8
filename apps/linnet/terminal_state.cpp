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

}  // namespace

bool terminal_breaks_lines() {
  const char* const terminal = std::getenv("TERM");
  return std::getenv("XTERM_VERSION") == nullptr && (terminal == nullptr || std::string_view(terminal) != "linux");
}

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
