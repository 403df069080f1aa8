#include "terminal_state.h"

#include <termios.h>
#include <unistd.h>

#include <atomic>

namespace linnet::app {

namespace {

termios remembered{};
std::atomic<bool> changed{false};

}  // namespace

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
